"""Answers to lesson 1's exercises as they might be handed in, written without sight of the checks."""

import numpy as np
import torch

# Task 1.1, a neuron with two inputs


def two_forgotten(w, x, b, t):
    grad_y = w @ x + b - t
    return grad_y * x, grad_y * w, grad_y


def loss_itself(w, x, b, t):
    loss = (w @ x + b - t) ** 2
    return loss * x, loss * w, loss


def target_minus_output(w, x, b, t):
    grad_y = 2 * (t - (w @ x + b))
    return grad_y * x, grad_y * w, grad_y


def factors_exchanged(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    return grad_y * w, grad_y * x, grad_y


def bias_times_b(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    return grad_y * x, grad_y * w, grad_y * b


def bias_gets_one(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    return grad_y * x, grad_y * w, 1.0


def output_without_b(w, x, b, t):
    grad_y = 2 * (w @ x - t)
    return grad_y * x, grad_y * w, grad_y


def of_the_output(w, x, b, t):
    return x, w, 1.0


def two_twice(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    return 2 * grad_y * x, 2 * grad_y * w, 2 * grad_y


def not_added_up(w, x, b, t):
    grad_y = 2 * (w * x + b - t)
    return grad_y * x, grad_y * w, grad_y


def summed_to_numbers(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    return (grad_y * x).sum(), (grad_y * w).sum(), grad_y


def bias_first(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    return grad_y, grad_y * x, grad_y * w


def without_the_bias(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    return grad_y * x, grad_y * w


def flattened(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    return np.concatenate([grad_y * x, grad_y * w, [grad_y]])


def by_its_sign(w, x, b, t):
    grad_y = np.sign(w @ x + b - t)
    return grad_y * x, grad_y * w, grad_y


def a_step_down(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    return w - grad_y * x, x - grad_y * w, b - grad_y


def times_its_own_weight(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    return grad_y * w * x, grad_y * w * x, grad_y


def t_added(w, x, b, t):
    grad_y = 2 * (w @ x + b + t)
    return grad_y * x, grad_y * w, grad_y


def scaled_in_place(w, x, b, t):
    grad_y = 2 * (w @ x + b - t)
    grad_w, grad_x = x, w
    grad_w *= grad_y
    grad_x *= grad_y
    return grad_w, grad_x, grad_y


def neuron_by_rules(w, x, b, t):
    d = w[0] * x[0] + w[1] * x[1] + b - t
    return [2 * d * x[0], 2 * d * x[1]], [2 * d * w[0], 2 * d * w[1]], 2 * d


def neuron_in_pytorch(w, x, b, t):
    w, x, b = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (w, x, b))
    ((w * x).sum() + b - t).square().backward()
    return w.grad, x.grad, b.grad


def neuron_by_nudging(w, x, b, t):
    """Exact but for rounding: the loss is a parabola in each of them."""
    units, h = np.eye(2), 1e-3

    def loss(w, x, b):
        return (w @ x + b - t) ** 2

    grad_w = [(loss(w + h * u, x, b) - loss(w - h * u, x, b)) / (2 * h) for u in units]
    grad_x = [(loss(w, x + h * u, b) - loss(w, x - h * u, b)) / (2 * h) for u in units]
    return grad_w, grad_x, (loss(w, x, b + h) - loss(w, x, b - h)) / (2 * h)


def neuron_as_a_list(w, x, b, t):
    grad_y = np.float32(2 * (w @ x + b - t))
    return [grad_y * x, grad_y * w, np.array(grad_y)]


# Task 1.2


def one_sided(f, x, h):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up = x.copy()
        up[index] += h
        gradient[index] = (f(up) - f(x)) / h
    return gradient


def divided_by_h(f, x, h):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = (f(up) - f(down)) / h
    return gradient


def all_at_once(f, x, h):
    return np.full_like(x, (f(x + h) - f(x - h)) / (2 * h))


def no_copy(f, x, h):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up, down = x, x
        up[index] += h
        down[index] -= h
        gradient[index] = (f(up) - f(down)) / (2 * h)
    return gradient


def not_put_back(f, x, h):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        x[index] += h
        above = f(x)
        x[index] -= 2 * h
        gradient[index] = (above - f(x)) / (2 * h)
    return gradient


def sign_swapped(f, x, h):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = (f(down) - f(up)) / (2 * h)
    return gradient


def first_axis_only(f, x, h):
    gradient = np.zeros_like(x)
    for k in range(len(x)):
        up, down = x.copy(), x.copy()
        up[k] += h
        down[k] -= h
        gradient[k] = (f(up) - f(down)) / (2 * h)
    return gradient


def flat_result(f, x, h):
    gradient = []
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        gradient.append((f(up) - f(down)) / (2 * h))
    return np.array(gradient)


def own_step(f, x, h):
    h = 1e-6
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = (f(up) - f(down)) / (2 * h)
    return gradient


def half_steps(f, x, h):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h / 2
        down[index] -= h / 2
        gradient[index] = (f(up) - f(down)) / h
    return gradient


def in_place_and_back(f, x, h):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        before = x[index]
        x[index] = before + h
        above = f(x)
        x[index] = before - h
        gradient[index] = (above - f(x)) / (2 * h)
        x[index] = before
    return gradient


def by_units(f, x, h):
    units = np.eye(x.size).reshape(-1, *x.shape)
    return np.array([(f(x + h * unit) - f(x - h * unit)) / (2 * h) for unit in units]).reshape(x.shape)


def float32_result(f, x, h):
    return by_units(f, x, h).astype(np.float32)


# Task 1.3


def no_shift(g, x):
    powers = np.exp(x)
    return g[:, None] * powers / powers.sum(axis=1, keepdims=True)


def without_g(g, x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def wrong_axis(g, x):
    powers = np.exp(x - x.max(axis=0, keepdims=True))
    return g[:, None] * powers / powers.sum(axis=0, keepdims=True)


def g_as_a_row(g, x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return g * powers / powers.sum(axis=1, keepdims=True)


def one_shift_for_all(g, x):
    powers = np.exp(x - x.max())
    return g[:, None] * powers / powers.sum(axis=1, keepdims=True)


def not_divided(g, x):
    return g[:, None] * np.exp(x - x.max(axis=1, keepdims=True))


def sigmoid_slope(g, x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    share = powers / powers.sum(axis=1, keepdims=True)
    return g[:, None] * share * (1 - share)


def cross_entropy_from_memory(g, x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    share = powers / powers.sum(axis=1, keepdims=True)
    share[np.arange(len(x)), x.argmax(axis=1)] -= 1
    return g[:, None] * share


def softmax_of_shares(g, x):
    largest = x.max(axis=1, keepdims=True)
    logarithm = np.log(np.exp(x - largest).sum(axis=1, keepdims=True))
    return g[:, None] * np.exp(x - logarithm)


def summed_over_rows(g, x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return (g[:, None] * powers / powers.sum(axis=1, keepdims=True)).sum(axis=0)


def by_logaddexp(g, x):
    return g[:, None] * np.exp(x - np.logaddexp.reduce(x, axis=1)[:, None])


def by_pytorch(g, x):
    x = torch.tensor(x, requires_grad=True)
    torch.logsumexp(x, dim=1).backward(torch.as_tensor(g))
    return x.grad


def by_loops(g, x):
    result = np.empty_like(x)
    for n, row in enumerate(x):
        for k, value in enumerate(row):
            result[n, k] = g[n] / sum(np.exp(np.minimum(other - value, 700.0)) for other in row)
    return result


def shift_in_float32(g, x):
    shifted = (x - x.max(axis=1, keepdims=True)).astype(np.float32)
    return g[:, None] * np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)


# Task 1.4


def sends_as_parts_arrive(graph, root):
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    todo = [root]
    while todo:
        node = todo.pop()
        for source, derivative in graph[node]:
            result[source] += derivative * result[node]
            todo.append(source)
    return result


def set_not_added(graph, root):
    waiting = dict.fromkeys(graph, 0)
    for inputs in graph.values():
        for source, _ in inputs:
            waiting[source] += 1
    result, ready = {root: 1.0}, [root]
    while ready:
        node = ready.pop()
        for source, derivative in graph[node]:
            result[source] = derivative * result[node]
            waiting[source] -= 1
            if waiting[source] == 0:
                ready.append(source)
    return result


def by_recursion(graph, root):
    order, visited = [], set()

    def visit(node):
        if node not in visited:
            visited.add(node)
            for source, _ in graph[node]:
                visit(source)
            order.append(node)

    visit(root)
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    for node in order[::-1]:
        for source, derivative in graph[node]:
            result[source] += derivative * result[node]
    return result


def in_the_order_of_names(graph, root):
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    for node, inputs in graph.items():
        for source, derivative in inputs:
            result[source] += derivative * result[node]
    return result


def breadth_first(graph, root):
    order, visited = [root], {root}
    for node in order:
        for source, _ in graph[node]:
            if source not in visited:
                visited.add(source)
                order.append(source)
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    for node in order:
        for source, derivative in graph[node]:
            result[source] += derivative * result[node]
    return result


def twice_used_counts_once(graph, root):
    edges = {name: dict(inputs) for name, inputs in graph.items()}
    waiting = dict.fromkeys(graph, 0)
    for inputs in edges.values():
        for source in inputs:
            waiting[source] += 1
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    ready = [root]
    while ready:
        node = ready.pop()
        for source, derivative in edges[node].items():
            result[source] += derivative * result[node]
            waiting[source] -= 1
            if waiting[source] == 0:
                ready.append(source)
    return result


def leaves_only(graph, root):
    result = gradients_by_counting(graph, root)
    return {name: value for name, value in result.items() if not graph[name]}


def root_left_out(graph, root):
    result = gradients_by_counting(graph, root)
    del result[root]
    return result


def derivatives_added(graph, root):
    waiting = dict.fromkeys(graph, 0)
    for inputs in graph.values():
        for source, _ in inputs:
            waiting[source] += 1
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    ready = [root]
    while ready:
        node = ready.pop()
        for source, derivative in graph[node]:
            result[source] += derivative
            waiting[source] -= 1
            if waiting[source] == 0:
                ready.append(source)
    return result


def users_counted_once(graph, root):
    waiting = dict.fromkeys(graph, 0)
    for inputs in graph.values():
        for source in {name for name, _ in inputs}:
            waiting[source] += 1
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    ready = [root]
    while ready:
        node = ready.pop()
        for source, derivative in graph[node]:
            result[source] += derivative * result[node]
            waiting[source] -= 1
            if waiting[source] == 0:
                ready.append(source)
    return result


def every_path(graph, root):
    result, todo = dict.fromkeys(graph, 0.0), [(root, 1.0)]
    while todo:
        node, part = todo.pop()
        result[node] += part
        todo.extend((source, derivative * part) for source, derivative in graph[node])
    return result


def gradients_by_counting(graph, root):
    waiting = dict.fromkeys(graph, 0)
    for inputs in graph.values():
        for source, _ in inputs:
            waiting[source] += 1
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    ready = [root]
    while ready:
        node = ready.pop()
        for source, derivative in graph[node]:
            result[source] += derivative * result[node]
            waiting[source] -= 1
            if waiting[source] == 0:
                ready.append(source)
    return result


def by_sorting_first(graph, root):
    order, visited, todo = [], set(), [(root, False)]
    while todo:
        node, done = todo.pop()
        if done:
            order.append(node)
        elif node not in visited:
            visited.add(node)
            todo.append((node, True))
            todo.extend((source, False) for source, _ in graph[node])
    result = {root: 1.0}
    for node in reversed(order):
        for source, derivative in graph[node]:
            result[source] = result.get(source, 0.0) + derivative * result[node]
    return result


def by_waves(graph, root):
    """Counts the paths by their length: the parts that arrive after one step, two steps, and so on."""
    result, wave = dict.fromkeys(graph, 0.0), {root: 1.0}
    while wave:
        following = {}
        for node, part in wave.items():
            result[node] += part
            for source, derivative in graph[node]:
                following[source] = following.get(source, 0.0) + derivative * part
        wave = following
    return result


# Task 1.5


def as_given(constant, decay, rate):
    used = []
    for epoch in range(1, constant + decay + 1):
        done = epoch + 1 - constant
        used.append(rate * (1 - max(0, done) / (decay + 1)))
    return used


def too_late(constant, decay, rate):
    used = []
    for epoch in range(1, constant + decay + 1):
        done = epoch - 1 - constant
        used.append(rate * (1 - max(0, done) / (decay + 1)))
    return used


def zero_at_the_last(constant, decay, rate):
    return [rate * (1 - max(0, epoch - constant) / decay) for epoch in range(1, constant + decay + 1)]


def no_maximum(constant, decay, rate):
    return [rate * (1 - (epoch - constant) / (decay + 1)) for epoch in range(1, constant + decay + 1)]


def one_epoch_short(constant, decay, rate):
    return [rate * (1 - max(0, epoch - constant) / (decay + 1)) for epoch in range(1, constant + decay)]


def by_linspace_with_ends(constant, decay, rate):
    return [rate] * constant + list(np.linspace(rate, 0, decay))


def without_the_rate(constant, decay, rate):
    return [1 - max(0, epoch - constant) / (decay + 1) for epoch in range(1, constant + decay + 1)]


def by_hundred(constant, decay, rate):
    return [rate * (1 - max(0, epoch - 100) / 101) for epoch in range(1, 201)]


def falls_from_what_is_left(constant, decay, rate):
    used = []
    for epoch in range(1, constant + decay + 1):
        rate = rate * (1 - max(0, epoch - constant) / (decay + 1))
        used.append(rate)
    return used


def over_all_epochs(constant, decay, rate):
    total = constant + decay
    return [rate if epoch <= constant else rate * (1 - epoch / (total + 1)) for epoch in range(1, total + 1)]


def by_linspace(constant, decay, rate):
    return [rate] * constant + np.linspace(rate, 0, decay + 2)[1:-1].tolist()


def by_minimum(constant, decay, rate):
    total = constant + decay
    return [rate * min(1, (total + 1 - epoch) / (decay + 1)) for epoch in range(1, total + 1)]


def by_subtraction(constant, decay, rate):
    used, now = [rate] * constant, rate
    for _ in range(decay):
        now -= rate / (decay + 1)
        used.append(now)
    return used


def as_an_array(constant, decay, rate):
    return rate * np.clip(np.arange(constant + decay, 0, -1) / (decay + 1), None, 1)


def behind_only(f, x, h):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        down = x.copy()
        down[index] -= h
        gradient[index] = (f(x) - f(down)) / h
    return gradient


def not_divided_at_all(f, x, h):
    return 2 * h * by_units(f, x, h)


def twice_the_nudge(f, x, h):
    return by_units(f, x, 2 * h) * 2


def put_back_too_early(f, x, h):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        x[index] += h
        above = f(x)
        x[index] -= h
        gradient[index] = (above - f(x)) / (2 * h)
    return gradient


def clipped(g, x):
    powers = np.exp(np.clip(x, -700, 700))
    return g[:, None] * powers / powers.sum(axis=1, keepdims=True)


def one_sum_for_all(g, x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return g[:, None] * powers / powers.sum()


def the_value_itself(g, x):
    largest = x.max(axis=1, keepdims=True)
    return g[:, None] * (largest + np.log(np.exp(x - largest).sum(axis=1, keepdims=True)))


def keepdims_forgotten(g, x):
    powers = np.exp(x - x.max(axis=1)[:, None])
    return g[:, None] * powers / powers.sum(axis=1)


def mean_of_the_powers(g, x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return g[:, None] * powers / powers.mean(axis=1, keepdims=True)


def largest_gets_all(g, x):
    return g[:, None] * (x == x.max(axis=1, keepdims=True))


def divided_by_x(g, x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return g[:, None] / powers.sum(axis=1, keepdims=True) * np.ones_like(x)


def list_not_turned_round(graph, root):
    order, visited, todo = [], set(), [(root, False)]
    while todo:
        node, done = todo.pop()
        if done:
            order.append(node)
        elif node not in visited:
            visited.add(node)
            todo.append((node, True))
            todo.extend((source, False) for source, _ in graph[node])
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    for node in order:
        for source, derivative in graph[node]:
            result[source] += derivative * result[node]
    return result


def listed_when_opened(graph, root):
    order, visited, todo = [], set(), [root]
    while todo:
        node = todo.pop()
        if node not in visited:
            visited.add(node)
            order.append(node)
            todo.extend(source for source, _ in graph[node])
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    for node in order:
        for source, derivative in graph[node]:
            result[source] += derivative * result[node]
    return result


def root_starts_at_zero(graph, root):
    return {name: 0.0 * value for name, value in gradients_by_counting(graph, root).items()}


def graph_used_up(graph, root):
    result, waiting = dict.fromkeys(graph, 0.0), dict.fromkeys(graph, 0)
    for inputs in graph.values():
        for source, _ in inputs:
            waiting[source] += 1
    result[root], ready = 1.0, [root]
    while ready:
        node = ready.pop()
        while graph[node]:
            source, derivative = graph[node].pop()
            result[source] += derivative * result[node]
            waiting[source] -= 1
            if waiting[source] == 0:
                ready.append(source)
    return result


def users_asked_by_recursion(graph, root):
    users = {name: [] for name in graph}
    for name, inputs in graph.items():
        for source, derivative in inputs:
            users[source].append((name, derivative))
    known = {root: 1.0}

    def gradient_of(node):
        if node not in known:
            known[node] = sum(derivative * gradient_of(user) for user, derivative in users[node])
        return known[node]

    return {name: gradient_of(name) for name in graph}


def sent_once_per_part(graph, root):
    """Waits for the first part only."""
    result, sent, todo = dict.fromkeys(graph, 0.0), set(), [root]
    result[root] = 1.0
    while todo:
        node = todo.pop()
        if node not in sent:
            sent.add(node)
            for source, derivative in graph[node]:
                result[source] += derivative * result[node]
                todo.append(source)
    return result


def late_and_steep(constant, decay, rate):
    return [rate] * constant + np.linspace(rate, 0, decay + 1)[:-1].tolist()


def whole_division(constant, decay, rate):
    return [rate * (1 - max(0, epoch - constant) // (decay + 1)) for epoch in range(1, constant + decay + 1)]


def epoch_too_many(constant, decay, rate):
    return [rate * (1 - max(0, epoch - constant) / (decay + 1)) for epoch in range(constant + decay + 1)]


def last_rate_only(constant, decay, rate):
    now = rate
    for epoch in range(1, constant + decay + 1):
        now = rate * (1 - max(0, epoch - constant) / (decay + 1))
    return now


def as_given_with_decay(constant, decay, rate):
    return [rate * (1 - max(0, epoch + 1 - constant) / decay) for epoch in range(1, constant + decay + 1)]


def minus_a_fixed_amount(constant, decay, rate):
    return [rate - max(0, epoch - constant) / (decay + 1) for epoch in range(1, constant + decay + 1)]


def shifted_by_the_mean(g, x):
    powers = np.exp(x - x.mean(axis=1, keepdims=True))
    return g[:, None] * powers / powers.sum(axis=1, keepdims=True)


def shifted_by_the_first(g, x):
    powers = np.exp(x - x[:, :1])
    return g[:, None] * powers / powers.sum(axis=1, keepdims=True)


def shifted_by_the_smallest(g, x):
    powers = np.exp(x - x.min(axis=1, keepdims=True))
    return g[:, None] * powers / powers.sum(axis=1, keepdims=True)


def needs_a_constant_epoch(constant, decay, rate):
    used = [rate] * constant
    for _ in range(decay):
        used.append(used[-1] - rate / (decay + 1))
    return used


def whole_numbers(f, x, h):
    gradient = np.zeros(x.shape, dtype=int)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        gradient[index] = (f(up) - f(down)) / (2 * h)
    return gradient


def names_backwards(graph, root):
    result = dict.fromkeys(graph, 0.0)
    result[root] = 1.0
    for node in sorted(graph, reverse=True):
        for source, derivative in graph[node]:
            result[source] += derivative * result[node]
    return result


def root_comes_first(graph, root):
    result = dict.fromkeys(graph, 0.0)
    result[next(iter(graph))] = 1.0
    for node, value in gradients_by_counting(graph, next(iter(graph))).items():
        result[node] = value
    return result


def leaves_missing_in_the_graph(graph, root):
    return {name: value for name, value in gradients_by_counting(graph, root).items() if graph[name]}


# Further slips of tasks 1.2 to 1.5


def moved_for_good(f, x, h):
    """Right numbers, but the last element stays where it was moved to."""
    gradient = np.zeros_like(x)
    before = x.copy()
    for index in np.ndindex(x.shape):
        x[...] = before
        x[index] = before[index] + h
        ahead = f(x)
        x[index] = before[index] - h
        gradient[index] = (ahead - f(x)) / (2 * h)
    return gradient


# What the check makes of each, judged by hand: "named", it says what is wrong; "honest", it says where the result
# differs, without a diagnosis. None is misleading.
WRONG = [
    ("1.1", "the 2 forgotten", two_forgotten, "named"),
    ("1.1", "the loss itself for its derivative", loss_itself, "named"),
    ("1.1", "t - y", target_minus_output, "named"),
    ("1.1", "w and x exchanged", factors_exchanged, "named"),
    ("1.1", "the bias's gradient times b", bias_times_b, "named"),
    ("1.1", "the bias gets 1", bias_gets_one, "named"),
    ("1.1", "y without b", output_without_b, "named"),
    ("1.1", "the derivatives of y", of_the_output, "named"),
    ("1.1", "the 2 twice", two_twice, "named"),
    ("1.1", "y is not added up", not_added_up, "named"),
    ("1.1", "summed to numbers", summed_to_numbers, "honest"),
    ("1.1", "the bias first", bias_first, "honest"),
    ("1.1", "two things returned", without_the_bias, "honest"),
    ("1.1", "one flat array", flattened, "honest"),
    ("1.1", "the sign alone", by_its_sign, "named"),
    ("1.1", "a step of gradient descent", a_step_down, "named"),
    ("1.1", "both factors", times_its_own_weight, "named"),
    ("1.1", "y + t", t_added, "honest"),
    ("1.1", "right numbers, but x and w are written over", scaled_in_place, "named"),
    ("1.2", "right numbers, but x stays moved", moved_for_good, "named"),
    ("1.2", "one-sided difference", one_sided, "named"),
    ("1.2", "divided by h instead of 2h", divided_by_h, "named"),
    ("1.2", "all elements nudged at once", all_at_once, "named"),
    ("1.2", "up and down are the same array", no_copy, "honest"),
    ("1.2", "x nudged in place and not put back", not_put_back, "named"),
    ("1.2", "sign swapped", sign_swapped, "named"),
    ("1.2", "only the first axis is walked", first_axis_only, "named"),
    ("1.2", "flat result", flat_result, "honest"),
    ("1.2", "h ignored, own step", own_step, "named"),
    ("1.2", "steps of h / 2", half_steps, "honest"),
    ("1.2", "a step behind against none", behind_only, "named"),
    ("1.2", "not divided at all", not_divided_at_all, "named"),
    ("1.2", "nudged by 2 h, divided by 2 h", twice_the_nudge, "honest"),
    ("1.2", "put back too early: one-sided, and halved", put_back_too_early, "named"),
    ("1.2", "an array of whole numbers", whole_numbers, "named"),
    ("1.3", "no shift, overflows", no_shift, "named"),
    ("1.3", "g left out", without_g, "named"),
    ("1.3", "sum over the wrong axis", wrong_axis, "named"),
    ("1.3", "g as a row", g_as_a_row, "honest"),
    ("1.3", "one maximum for all rows", one_shift_for_all, "named"),
    ("1.3", "not divided by the sum", not_divided, "named"),
    ("1.3", "slope of the softmax, s (1 - s)", sigmoid_slope, "named"),
    ("1.3", "softmax minus one-hot", cross_entropy_from_memory, "named"),
    ("1.3", "shift not taken off again", softmax_of_shares, "honest"),
    ("1.3", "summed over the rows", summed_over_rows, "named"),
    ("1.3", "clipped to 700", clipped, "named"),
    ("1.3", "one sum for all rows", one_sum_for_all, "named"),
    ("1.3", "g times y itself", the_value_itself, "honest"),
    ("1.3", "keepdims forgotten", keepdims_forgotten, "honest"),
    ("1.3", "mean for sum", mean_of_the_powers, "honest"),
    ("1.3", "derivative of the maximum", largest_gets_all, "honest"),
    ("1.3", "1 / sum, without the exponential", divided_by_x, "honest"),
    ("1.3", "shifted by the row's mean", shifted_by_the_mean, "named"),
    ("1.3", "shifted by the row's first", shifted_by_the_first, "named"),
    ("1.3", "shifted by the row's smallest", shifted_by_the_smallest, "named"),
    ("1.4", "every node sends as parts arrive", sends_as_parts_arrive, "named"),
    ("1.4", "set instead of added", set_not_added, "named"),
    ("1.4", "recursion", by_recursion, "named"),
    ("1.4", "in the dictionary's order", in_the_order_of_names, "named"),
    ("1.4", "breadth first, each node once", breadth_first, "named"),
    ("1.4", "two edges to the same input count as one", twice_used_counts_once, "named"),
    ("1.4", "returns the leaves only", leaves_only, "named"),
    ("1.4", "root left out", root_left_out, "honest"),
    ("1.4", "adds derivatives without the chain's product", derivatives_added, "named"),
    ("1.4", "waits for each user, not for each use", users_counted_once, "named"),
    ("1.4", "walks every path", every_path, "named"),
    ("1.4", "order not turned round", list_not_turned_round, "named"),
    ("1.4", "put on the list when opened", listed_when_opened, "named"),
    ("1.4", "root starts at 0", root_starts_at_zero, "named"),
    ("1.4", "the graph's lists are used up", graph_used_up, "named"),
    ("1.4", "asks its users by recursion", users_asked_by_recursion, "named"),
    ("1.4", "sends at its first part, and never again", sent_once_per_part, "named"),
    ("1.4", "in reversed alphabetical order", names_backwards, "named"),
    ("1.4", "takes the first name for the root", root_comes_first, "honest"),
    ("1.4", "leaves left out", leaves_missing_in_the_graph, "honest"),
    ("1.5", "as given", as_given, "named"),
    ("1.5", "one epoch too late", too_late, "named"),
    ("1.5", "divided by decay: last is 0", zero_at_the_last, "named"),
    ("1.5", "max(0, ...) left out", no_maximum, "named"),
    ("1.5", "one epoch short", one_epoch_short, "named"),
    ("1.5", "linspace with both ends", by_linspace_with_ends, "named"),
    ("1.5", "rate left out", without_the_rate, "named"),
    ("1.5", "always 100 + 100 epochs", by_hundred, "named"),
    ("1.5", "falls from what is left", falls_from_what_is_left, "named"),
    ("1.5", "fall measured from epoch 1", over_all_epochs, "honest"),
    ("1.5", "one epoch late, and in decay steps", late_and_steep, "honest"),
    ("1.5", "//", whole_division, "honest"),
    ("1.5", "one epoch too many", epoch_too_many, "honest"),
    ("1.5", "only the last rate", last_rate_only, "honest"),
    ("1.5", "as given, divided by decay", as_given_with_decay, "named"),
    ("1.5", "share subtracted from the rate", minus_a_fixed_amount, "named"),
    ("1.5", "fails without a constant epoch", needs_a_constant_epoch, "honest"),
]

RIGHT = [
    ("1.1", "rule by rule, returns lists", neuron_by_rules),
    ("1.1", "PyTorch", neuron_in_pytorch),
    ("1.1", "by nudging", neuron_by_nudging),
    ("1.1", "a list, float32", neuron_as_a_list),
    ("1.2", "in place and put back", in_place_and_back),
    ("1.2", "unit arrays", by_units),
    ("1.2", "float32 result", float32_result),
    ("1.3", "exp(x - logsumexp)", by_logaddexp),
    ("1.3", "PyTorch, returns a tensor", by_pytorch),
    ("1.3", "loops", by_loops),
    ("1.3", "shifted, then float32", shift_in_float32),
    ("1.4", "counting", gradients_by_counting),
    ("1.4", "sorting first", by_sorting_first),
    ("1.4", "waves by path length", by_waves),
    ("1.5", "linspace without ends", by_linspace),
    ("1.5", "minimum with 1", by_minimum),
    ("1.5", "subtracting step by step", by_subtraction),
    ("1.5", "as an array", as_an_array),
]
