"""Answers to lesson 3's exercises as they might be handed in, written without sight of the checks."""

import numpy as np
import torch

import reference_numpy as rn

ALL = (0, 2, 3)


def normalised(x, axes, eps):
    centred = x - x.mean(axes, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axes, keepdims=True) + eps)


def in_groups(x, groups):
    return x.reshape(len(x), groups, -1, *x.shape[2:])


# Task 3.1, another light


def only_shifted(picture, mean, deviation):
    return picture - picture.mean((1, 2), keepdims=True) + mean[:, None, None]


def own_deviation_stays(picture, mean, deviation):
    return (picture - picture.mean((1, 2), keepdims=True)) * deviation[:, None, None] + mean[:, None, None]


def own_mean_stays(picture, mean, deviation):
    return picture / picture.std((1, 2), keepdims=True) * deviation[:, None, None] + mean[:, None, None]


def nothing_taken_away(picture, mean, deviation):
    return picture * deviation[:, None, None] + mean[:, None, None]


def only_normalised(picture, mean, deviation):
    return (picture - picture.mean((1, 2), keepdims=True)) / picture.std((1, 2), keepdims=True)


def divided_by_the_variance(picture, mean, deviation):
    plain = (picture - picture.mean((1, 2), keepdims=True)) / picture.var((1, 2), keepdims=True)
    return plain * deviation[:, None, None] + mean[:, None, None]


def one_light_for_all_channels(picture, mean, deviation):
    plain = (picture - picture.mean()) / picture.std()
    return plain * deviation[:, None, None] + mean[:, None, None]


def across_the_channels(picture, mean, deviation):
    plain = (picture - picture.mean(0)) / picture.std(0)
    return plain * deviation[:, None, None] + mean[:, None, None]


def row_by_row(picture, mean, deviation):
    plain = (picture - picture.mean(2, keepdims=True)) / picture.std(2, keepdims=True)
    return plain * deviation[:, None, None] + mean[:, None, None]


def unbiased_light(picture, mean, deviation):
    plain = (picture - picture.mean((1, 2), keepdims=True)) / picture.std((1, 2), keepdims=True, ddof=1)
    return plain * deviation[:, None, None] + mean[:, None, None]


def arguments_exchanged(picture, mean, deviation):
    return only_normalised(picture, mean, deviation) * mean[:, None, None] + deviation[:, None, None]


def divided_by_the_new(picture, mean, deviation):
    return only_normalised(picture, mean, deviation) / deviation[:, None, None] + mean[:, None, None]


def own_mean_added_back(picture, mean, deviation):
    own = picture.mean((1, 2), keepdims=True)
    return only_normalised(picture, mean, deviation) * deviation[:, None, None] + own


def along_the_columns(picture, mean, deviation):
    return only_normalised(picture, mean, deviation) * deviation + mean


def minimum_and_maximum(picture, mean, deviation):
    low, high = picture.min((1, 2), keepdims=True), picture.max((1, 2), keepdims=True)
    return (picture - low) / (high - low) * deviation[:, None, None] + mean[:, None, None]


def variance_put_on(picture, mean, deviation):
    return only_normalised(picture, mean, deviation) * deviation[:, None, None] ** 2 + mean[:, None, None]


def mean_scaled_too(picture, mean, deviation):
    return (only_normalised(picture, mean, deviation) + mean[:, None, None]) * deviation[:, None, None]


def clipped_light(picture, mean, deviation):
    return np.clip(only_normalised(picture, mean, deviation) * deviation[:, None, None] + mean[:, None, None], -1, 1)


def painted_over(picture, mean, deviation):
    picture -= picture.mean((1, 2), keepdims=True)
    picture *= deviation[:, None, None] / picture.std((1, 2), keepdims=True)
    picture += mean[:, None, None]
    return picture


def channel_after_channel(picture, mean, deviation):
    rows = []
    for channel, m, s in zip(picture, mean, deviation, strict=True):
        rows.append((channel - channel.mean()) * (s / channel.std()) + m)
    return rows


def light_by_torch(picture, mean, deviation):
    picture, mean, deviation = (torch.as_tensor(np.array(value)) for value in (picture, mean, deviation))
    plain = torch.nn.functional.instance_norm(picture[None], eps=0.0)[0]
    return plain * deviation[:, None, None] + mean[:, None, None]


def light_with_eps(picture, mean, deviation):
    own = np.sqrt(picture.var((1, 2), keepdims=True) + 1e-6)
    return (picture - picture.mean((1, 2), keepdims=True)) / own * deviation[:, None, None] + mean[:, None, None]


# Task 3.2


def batch_in_the_list(x, groups, eps):
    return normalised(in_groups(x, groups), (0, 2, 3, 4), eps).reshape(x.shape)


def instance_norm(x, groups, eps):
    return normalised(x, (2, 3), eps)


def layer_norm(x, groups, eps):
    return normalised(x, (1, 2, 3), eps)


def batch_norm(x, groups, eps):
    return normalised(x, ALL, eps)


def eps_outside(x, groups, eps):
    x_ = in_groups(x, groups)
    return ((x_ - x_.mean((2, 3, 4), keepdims=True)) / (x_.std((2, 3, 4), keepdims=True) + eps)).reshape(x.shape)


def unbiased(x, groups, eps):
    x_ = in_groups(x, groups)
    variance = x_.var((2, 3, 4), keepdims=True, ddof=1)
    return ((x_ - x_.mean((2, 3, 4), keepdims=True)) / np.sqrt(variance + eps)).reshape(x.shape)


def every_other_channel(x, groups, eps):
    mixed = x.reshape(len(x), -1, groups, *x.shape[2:])
    return normalised(mixed, (1, 3, 4), eps).reshape(x.shape)


def groups_as_size(x, groups, eps):
    return normalised(in_groups(x, x.shape[1] // groups), (2, 3, 4), eps).reshape(x.shape)


def no_root(x, groups, eps):
    x_ = in_groups(x, groups)
    return ((x_ - x_.mean((2, 3, 4), keepdims=True)) / (x_.var((2, 3, 4), keepdims=True) + eps)).reshape(x.shape)


def mean_left(x, groups, eps):
    x_ = in_groups(x, groups)
    return (x_ / np.sqrt(x_.var((2, 3, 4), keepdims=True) + eps)).reshape(x.shape)


def not_shaped_back(x, groups, eps):
    return normalised(in_groups(x, groups), (2, 3, 4), eps)


def each_channels_own_variance(x, groups, eps):
    x_ = in_groups(x, groups)
    variance = x_.var((3, 4), keepdims=True).mean(2, keepdims=True)
    return ((x_ - x_.mean((2, 3, 4), keepdims=True)) / np.sqrt(variance + eps)).reshape(x.shape)


def pixels_apart(x, groups, eps):
    return normalised(in_groups(x, groups), 2, eps).reshape(x.shape)


def eps_forgotten(x, groups, eps):
    return normalised(in_groups(x, groups), (2, 3, 4), 0).reshape(x.shape)


def group_by_loops(x, groups, eps):
    y, length = np.empty_like(x), x.shape[1] // groups
    for n in range(len(x)):
        for k in range(groups):
            part = slice(k * length, (k + 1) * length)
            y[n, part] = (x[n, part] - x[n, part].mean()) / (x[n, part].var() + eps) ** 0.5
    return y


def group_by_pytorch(x, groups, eps):
    return torch.nn.functional.group_norm(torch.as_tensor(np.array(x)), groups, eps=eps)


def group_by_squares(x, groups, eps):
    flat = x.reshape(len(x) * groups, -1)
    mean = flat.mean(1, keepdims=True)
    return ((flat - mean) / np.sqrt((flat**2).mean(1, keepdims=True) - mean**2 + eps)).reshape(x.shape)


def group_in_float32(x, groups, eps):
    return group_by_loops(x.astype(np.float32), groups, eps)


# Task 3.3


def pieces(x, eps):
    mean = x.mean(ALL, keepdims=True)
    sigma = np.sqrt(x.var(ALL, keepdims=True) + eps)
    return (x - mean) / sigma, sigma


def averaged(a):
    return a.mean(ALL, keepdims=True)


def backward_by_hand(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    gy = g * weight[:, None, None]
    return (gy - averaged(gy) - y * averaged(gy * y)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def without_the_mean(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    gy = g * weight[:, None, None]
    return (gy - y * averaged(gy * y)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def without_the_deviation(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    gy = g * weight[:, None, None]
    return (gy - averaged(gy)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def as_constants(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    return g * weight[:, None, None] / sigma, (g * y).sum(ALL), g.sum(ALL)


def weight_forgotten(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    return (g - averaged(g) - y * averaged(g * y)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def weight_meets_x(g, x, weight, eps):
    return backward_by_hand(g, x, weight, eps)[0], (g * x).sum(ALL), g.sum(ALL)


def means_for_sums(g, x, weight, eps):
    y, _ = pieces(x, eps)
    return backward_by_hand(g, x, weight, eps)[0], (g * y).mean(ALL), g.mean(ALL)


def sums_for_means(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    gy = g * weight[:, None, None]
    grad = (gy - gy.sum(ALL, keepdims=True) - y * (gy * y).sum(ALL, keepdims=True)) / sigma
    return grad, (g * y).sum(ALL), g.sum(ALL)


def each_picture_by_itself(g, x, weight, eps):
    mean, sigma = x.mean((2, 3), keepdims=True), np.sqrt(x.var((2, 3), keepdims=True) + eps)
    y, gy = (x - mean) / sigma, g * weight[:, None, None]
    grad = gy - gy.mean((2, 3), keepdims=True) - y * (gy * y).mean((2, 3), keepdims=True)
    return grad / sigma, (g * y).sum(ALL), g.sum(ALL)


def sigma_forgotten(g, x, weight, eps):
    y, _ = pieces(x, eps)
    gy = g * weight[:, None, None]
    return gy - averaged(gy) - y * averaged(gy * y), (g * y).sum(ALL), g.sum(ALL)


def other_order(g, x, weight, eps):
    x_, weight_, bias_ = backward_by_hand(g, x, weight, eps)
    return weight_, bias_, x_


def bias_before_weight(g, x, weight, eps):
    x_, weight_, bias_ = backward_by_hand(g, x, weight, eps)
    return x_, bias_, weight_


def weight_in_its_own_gradient(g, x, weight, eps):
    x_, weight_, bias_ = backward_by_hand(g, x, weight, eps)
    return x_, weight * weight_, weight * bias_


def weight_along_the_last_axis(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    gy = g * weight
    return (gy - averaged(gy) - y * averaged(gy * y)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def unbiased_sigma(g, x, weight, eps):
    sigma = np.sqrt(x.var(ALL, keepdims=True, ddof=1) + eps)
    y, gy = (x - averaged(x)) / sigma, g * weight[:, None, None]
    return (gy - averaged(gy) - y * averaged(gy * y)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def sigma_with_eps_outside(g, x, weight, eps):
    sigma = x.std(ALL, keepdims=True) + eps
    y, gy = (x - averaged(x)) / sigma, g * weight[:, None, None]
    return (gy - averaged(gy) - y * averaged(gy * y)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def gradients_kept_wide(g, x, weight, eps):
    y, _ = pieces(x, eps)
    return backward_by_hand(g, x, weight, eps)[0], (g * y).sum(ALL, keepdims=True), g.sum(ALL, keepdims=True)


def sign_of_the_deviation(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    gy = g * weight[:, None, None]
    return (gy - averaged(gy) + y * averaged(gy * y)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def only_x(g, x, weight, eps):
    return backward_by_hand(g, x, weight, eps)[0]


def backward_by_pytorch(g, x, weight, eps):
    x, weight = (torch.tensor(a, requires_grad=True) for a in (x, weight))
    bias = torch.zeros_like(weight, requires_grad=True)
    torch.nn.functional.batch_norm(x, None, None, weight, bias, True, eps=eps).backward(torch.as_tensor(np.array(g)))
    return x.grad, weight.grad, bias.grad


def backward_as_in_the_paper(g, x, weight, eps):
    count, mean, variance = x.size / x.shape[1], averaged(x), x.var(ALL, keepdims=True)
    gy = g * weight.reshape(1, -1, 1, 1)
    grad_variance = (gy * (x - mean)).sum(ALL, keepdims=True) * -0.5 * (variance + eps) ** -1.5
    grad_mean = -gy.sum(ALL, keepdims=True) / np.sqrt(variance + eps)
    grad_x = gy / np.sqrt(variance + eps) + grad_variance * 2 * (x - mean) / count + grad_mean / count
    return [grad_x, (g * (x - mean) / np.sqrt(variance + eps)).sum(ALL), g.sum(ALL)]


def backward_by_channel(g, x, weight, eps):
    grad_x, grad_weight, grad_bias = np.empty_like(x), np.empty_like(weight), np.empty_like(weight)
    for c in range(x.shape[1]):
        values, incoming = x[:, c].ravel(), g[:, c].ravel()
        m, sigma = values.size, np.sqrt(values.var() + eps)
        y = (values - values.mean()) / sigma
        jacobian = (np.eye(m) - 1 / m - np.outer(y, y) / m) * weight[c] / sigma
        grad_x[:, c] = (jacobian.T @ incoming).reshape(x[:, c].shape)
        grad_weight[c], grad_bias[c] = incoming @ y, incoming.sum()
    return grad_x, grad_weight, grad_bias


def backward_in_float32(g, x, weight, eps):
    return tuple(a.astype(np.float32) for a in backward_by_hand(g, x, weight, eps))


# Task 3.4


def running(running_mean, running_var, mean, variance, momentum):
    old = 1 - momentum
    return old * running_mean + momentum * mean, old * running_var + momentum * variance


def biased_variance(running_mean, running_var, x, momentum):
    return running(running_mean, running_var, x.mean(ALL), x.var(ALL), momentum)


def momentum_the_other_way(running_mean, running_var, x, momentum):
    return running(running_mean, running_var, x.mean(ALL), x.var(ALL, ddof=1), 1 - momentum)


def deviation_for_variance(running_mean, running_var, x, momentum):
    return running(running_mean, running_var, x.mean(ALL), x.std(ALL, ddof=1), momentum)


def in_place(running_mean, running_var, x, momentum):
    running_mean *= 1 - momentum
    running_mean += momentum * x.mean(ALL)
    running_var *= 1 - momentum
    running_var += momentum * x.var(ALL, ddof=1)
    return running_mean, running_var


def variance_of_pictures(running_mean, running_var, x, momentum):
    return running(running_mean, running_var, x.mean(ALL), x.var((2, 3), ddof=1).mean(0), momentum)


def count_of_pictures(running_mean, running_var, x, momentum):
    variance = x.var(ALL) * len(x) / (len(x) - 1)
    return running(running_mean, running_var, x.mean(ALL), variance, momentum)


def around_the_running_mean(running_mean, running_var, x, momentum):
    mean = (1 - momentum) * running_mean + momentum * x.mean(ALL)
    count = x.size / x.shape[1]
    variance = ((x - mean[:, None, None]) ** 2).sum(ALL) / (count - 1)
    return mean, (1 - momentum) * running_var + momentum * variance


def old_not_shrunk(running_mean, running_var, x, momentum):
    return running_mean + momentum * x.mean(ALL), running_var + momentum * x.var(ALL, ddof=1)


def returned_in_the_other_order(running_mean, running_var, x, momentum):
    return running(running_mean, running_var, x.mean(ALL), x.var(ALL, ddof=1), momentum)[::-1]


def mean_only(running_mean, running_var, x, momentum):
    return running(running_mean, running_var, x.mean(ALL), running_var, momentum)


def correction_upside_down(running_mean, running_var, x, momentum):
    count = x.size / x.shape[1]
    return running(running_mean, running_var, x.mean(ALL), x.var(ALL) * (count - 1) / count, momentum)


def momentum_fixed(running_mean, running_var, x, momentum):
    return running(running_mean, running_var, x.mean(ALL), x.var(ALL, ddof=1), 0.1)


def one_number_for_all(running_mean, running_var, x, momentum):
    return running(running_mean, running_var, x.mean(), x.var(ddof=1), momentum)


def all_corrected(running_mean, running_var, x, momentum):
    count = x.size / x.shape[1]
    mean, variance = running(running_mean, running_var, x.mean(ALL), x.var(ALL), momentum)
    return mean, variance * count / (count - 1)


def by_lerp(running_mean, running_var, x, momentum):
    flat = x.swapaxes(0, 1).reshape(x.shape[1], -1)
    mean, variance = flat.mean(1), flat.var(1, ddof=1)
    return running_mean + momentum * (mean - running_mean), running_var + momentum * (variance - running_var)


def by_layer(running_mean, running_var, x, momentum):
    layer = torch.nn.BatchNorm2d(x.shape[1], momentum=momentum, affine=False).double()
    layer.running_mean.copy_(torch.as_tensor(np.array(running_mean)))
    layer.running_var.copy_(torch.as_tensor(np.array(running_var)))
    layer(torch.as_tensor(np.array(x)))
    return layer.running_mean, layer.running_var


def channel_by_channel(running_mean, running_var, x, momentum):
    means, variances = [], []
    for c in range(x.shape[1]):
        values = x[:, c].ravel()
        mean = values.sum() / len(values)
        variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
        means.append((1 - momentum) * running_mean[c] + momentum * mean)
        variances.append((1 - momentum) * running_var[c] + momentum * variance)
    return means, variances


# Task 3.5


def fold(g, width, axis):
    """Adds the frame along one axis to the pixels it was copied from."""
    g = np.moveaxis(g, axis, 0)
    length = len(g) - 2 * width
    result = g[width : width + length].copy()
    result[1 : width + 1] += g[:width][::-1]
    result[length - 1 - width : length - 1] += g[width + length :][::-1]
    return np.moveaxis(result, 0, axis)


def inner(g, rows, columns):
    return g[:, :, rows : g.shape[2] - rows, columns : g.shape[3] - columns]


def sources(length, width):
    index = np.abs(np.arange(-width, length + width))
    return length - 1 - np.abs(length - 1 - index)


def cropped(g, rows, columns):
    return inner(g, rows, columns).copy()


def corners_forgotten(g, rows, columns):
    down = fold(g[:, :, :, columns : g.shape[3] - columns], rows, 2)
    across = fold(g[:, :, rows : g.shape[2] - rows], columns, 3)
    return down + across - inner(g, rows, columns)


def edge_shown_twice(g, rows, columns):
    for width, axis in ((rows, 2), (columns, 3)):
        g = np.moveaxis(g, axis, 0)
        result = g[width : len(g) - width].copy()
        result[:width] += g[:width][::-1]
        result[len(result) - width :] += g[len(g) - width :][::-1]
        g = np.moveaxis(result, 0, axis)
    return g


def not_turned_round(g, rows, columns):
    for width, axis in ((rows, 2), (columns, 3)):
        g = np.moveaxis(g, axis, 0)
        result = g[width : len(g) - width].copy()
        result[1 : width + 1] += g[:width]
        result[len(result) - 1 - width : len(result) - 1] += g[len(g) - width :]
        g = np.moveaxis(result, 0, axis)
    return g


def averaged_copies(g, rows, columns):
    return fold_both(g, rows, columns) / fold_both(np.ones_like(g), rows, columns)


def rows_and_columns_exchanged(g, rows, columns):
    return fold_both(g, columns, rows)


def last_copy_wins(g, rows, columns):
    height, width = g.shape[2] - 2 * rows, g.shape[3] - 2 * columns
    result = np.zeros((*g.shape[:2], height, width))
    result[:, :, sources(height, rows)[:, None], sources(width, columns)] += g
    return result


def rows_only(g, rows, columns):
    return fold(g, rows, 2)[:, :, :, columns : g.shape[3] - columns]


def edge_gets_all(g, rows, columns):
    for width, axis in ((rows, 2), (columns, 3)):
        g = np.moveaxis(g, axis, 0)
        result = g[width : len(g) - width].copy()
        result[0] += g[:width].sum(0)
        result[-1] += g[len(g) - width :].sum(0)
        g = np.moveaxis(result, 0, axis)
    return g


def left_and_top_only(g, rows, columns):
    for width, axis in ((rows, 2), (columns, 3)):
        g = np.moveaxis(g, axis, 0)
        result = g[width : len(g) - width].copy()
        result[1 : width + 1] += g[:width][::-1]
        g = np.moveaxis(result, 0, axis)
    return g


def padded_again(g, rows, columns):
    return np.pad(g, ((0, 0), (0, 0), (rows, rows), (columns, columns)), mode="reflect")


def frame_alone(g, rows, columns):
    return fold_both(g, rows, columns) - inner(g, rows, columns)


def fold_into_g(g, rows, columns):
    """Right numbers, but g is written over."""
    height, width = g.shape[2] - 2 * rows, g.shape[3] - 2 * columns
    for k in range(rows):
        g[:, :, 2 * rows - k] += g[:, :, k]
        g[:, :, height - 2 + k + rows - 2 * k] += g[:, :, height + rows + k]
    for k in range(columns):
        g[:, :, :, 2 * columns - k] += g[:, :, :, k]
        g[:, :, :, width - 2 - k + columns] += g[:, :, :, width + columns + k]
    return inner(g, rows, columns)


def fold_both(g, rows, columns):
    return fold(fold(g, rows, 2), columns, 3)


def by_add_at(g, rows, columns):
    height, width = g.shape[2] - 2 * rows, g.shape[3] - 2 * columns
    result = np.zeros((*g.shape[:2], height, width))
    np.add.at(result, (slice(None), slice(None), sources(height, rows)[:, None], sources(width, columns)), g)
    return result


def by_matrices(g, rows, columns):
    down = np.eye(g.shape[2] - 2 * rows)[sources(g.shape[2] - 2 * rows, rows)]
    across = np.eye(g.shape[3] - 2 * columns)[sources(g.shape[3] - 2 * columns, columns)]
    return down.T @ g @ across


def by_autograd(g, rows, columns):
    shape = (*g.shape[:2], g.shape[2] - 2 * rows, g.shape[3] - 2 * columns)
    x = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    pads = (columns, columns, rows, rows)
    torch.nn.functional.pad(x, pads, mode="reflect").backward(torch.as_tensor(np.array(g)))
    return x.grad


# Task 3.6


def half(x, weight):
    return rn.functional.instance_norm(rn.functional.conv2d(rn.functional.pad(x, (1, 1, 1, 1), "reflect"), weight))


def as_found(x, first, second):
    return x + rn.functional.relu(half(rn.functional.relu(half(x, first)), second))


def relu_after_the_sum(x, first, second):
    return rn.functional.relu(x + half(rn.functional.relu(half(x, first)), second))


def no_second_norm(x, first, second):
    y = rn.functional.pad(rn.functional.relu(half(x, first)), (1, 1, 1, 1), "reflect")
    return x + rn.functional.conv2d(y, second)


def no_norms(x, first, second):
    y = rn.functional.relu(rn.functional.conv2d(rn.functional.pad(x, (1, 1, 1, 1), "reflect"), first))
    return x + rn.functional.conv2d(rn.functional.pad(y, (1, 1, 1, 1), "reflect"), second)


def no_relu(x, first, second):
    return x + half(half(x, first), second)


def no_skip(x, first, second):
    return half(rn.functional.relu(half(x, first)), second)


def relu_before_norm(x, first, second):
    y = rn.functional.conv2d(rn.functional.pad(x, (1, 1, 1, 1), "reflect"), first)
    return x + half(rn.functional.instance_norm(rn.functional.relu(y)), second)


def zeros_around(x, first, second):
    y = rn.functional.relu(rn.functional.instance_norm(rn.functional.conv2d(x, first, padding=1)))
    return x + rn.functional.instance_norm(rn.functional.conv2d(y, second, padding=1))


def first_twice(x, first, second):
    return x + half(rn.functional.relu(half(x, first)), first)


def second_first(x, first, second):
    return x + half(rn.functional.relu(half(x, second)), first)


def norm_after_the_sum(x, first, second):
    y = rn.functional.pad(rn.functional.relu(half(x, first)), (1, 1, 1, 1), "reflect")
    return rn.functional.instance_norm(x + rn.functional.conv2d(y, second))


def relu_moved_to_x(x, first, second):
    return rn.functional.relu(x) + half(rn.functional.relu(half(x, first)), second)


def wrong_relu_removed(x, first, second):
    return x + rn.functional.relu(half(half(x, first), second))


def minus(x, first, second):
    return x - half(rn.functional.relu(half(x, first)), second)


def skip_from_the_middle(x, first, second):
    y = rn.functional.relu(half(x, first))
    return y + half(y, second)


def block_of_reference(x, first, second):
    return x + half(rn.functional.relu(half(x, first)), second)


def block_as_array(x, first, second):
    return x + half(rn.functional.relu(half(x, first)), second).data


def block_in_pytorch(x, first, second):
    functional = torch.nn.functional
    x, first, second = (torch.as_tensor(np.array(a)) for a in (x, first, second))
    y = functional.conv2d(functional.pad(x, (1, 1, 1, 1), mode="reflect"), first)
    y = functional.conv2d(functional.pad(functional.instance_norm(y).relu(), (1, 1, 1, 1), mode="reflect"), second)
    return x + functional.instance_norm(y)


def block_in_numpy(x, first, second):
    y = x
    for weight in (first, second):
        y = np.pad(y, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(y, (3, 3), axis=(2, 3))
        y = normalised(np.einsum("ncpqij,ocij->nopq", windows, weight), (2, 3), 1e-5)
        y = np.maximum(y, 0) if weight is first else y
    return x + y


def mean_of_group_deviation_of_all(x, groups, eps):
    x_ = in_groups(x, groups)
    sigma = np.sqrt(x.var((1, 2, 3)).reshape(-1, 1, 1, 1, 1) + eps)
    return ((x_ - x_.mean((2, 3, 4), keepdims=True)) / sigma).reshape(x.shape)


def eps_squared(x, groups, eps):
    return normalised(in_groups(x, groups), (2, 3, 4), eps**2).reshape(x.shape)


def own_eps(x, groups, eps):
    return normalised(in_groups(x, groups), (2, 3, 4), 1e-5).reshape(x.shape)


def pictures_in_groups(x, groups, eps):
    return normalised(x.reshape(groups, -1), 1, eps).reshape(x.shape)


def rows_in_groups(x, groups, eps):
    turned = x.transpose(0, 2, 3, 1)
    return normalised(turned.reshape(len(x), groups, -1), 2, eps).reshape(turned.shape).transpose(0, 3, 1, 2)


def channel_means(x, groups, eps):
    x_ = in_groups(x, groups)
    sigma = np.sqrt(x_.var((2, 3, 4), keepdims=True) + eps)
    return ((x_ - x_.mean((3, 4), keepdims=True)) / sigma).reshape(x.shape)


def first_group_only(x, groups, eps):
    y, length = x.copy(), x.shape[1] // groups
    y[:, :length] = normalised(x[:, :length], (1, 2, 3), eps)
    return y


def in_place_norm(x, groups, eps):
    x_ = in_groups(x, groups)
    x_ -= x_.mean((2, 3, 4), keepdims=True)
    x_ /= np.sqrt((x_**2).mean((2, 3, 4), keepdims=True) + eps)
    return x


def g_weighted_in_place(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    g *= weight[:, None, None]
    return (g - averaged(g) - y * averaged(g * y)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def g_weighted_throughout(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    g = g * weight[:, None, None]
    return (g - averaged(g) - y * averaged(g * y)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def weight_in_the_first_term_only(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    return (g * weight[:, None, None] - averaged(g) - y * averaged(g * y)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def centred_for_normalised(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    gy, centred = g * weight[:, None, None], x - averaged(x)
    return (gy - averaged(gy) - centred * averaged(gy * centred)) / sigma, (g * y).sum(ALL), g.sum(ALL)


def variance_for_sigma(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    gy = g * weight[:, None, None]
    return (gy - averaged(gy) - y * averaged(gy * y)) / sigma**2, (g * y).sum(ALL), g.sum(ALL)


def divided_by_the_weight(g, x, weight, eps):
    grad, weight_, bias_ = backward_by_hand(g, x, 1 / weight, eps)
    return grad, weight_, bias_


def weights_for_each_picture(g, x, weight, eps):
    y, _ = pieces(x, eps)
    return backward_by_hand(g, x, weight, eps)[0], (g * y).sum((2, 3)), g.sum((2, 3))


def centred_weight_gradient(g, x, weight, eps):
    return backward_by_hand(g, x, weight, eps)[0], (g * (x - averaged(x))).sum(ALL), g.sum(ALL)


def y_of_the_forward_result(g, x, weight, eps):
    y, sigma = pieces(x, eps)
    gy, z = g * weight[:, None, None], y * weight[:, None, None]
    return (gy - averaged(gy) - z * averaged(gy * z)) / sigma, (g * z).sum(ALL), g.sum(ALL)


def eps_left_out(g, x, weight, eps):
    return backward_by_hand(g, x, weight, 0)


def count_of_pixels(running_mean, running_var, x, momentum):
    count = x.shape[2] * x.shape[3]
    return running(running_mean, running_var, x.mean(ALL), x.var(ALL) * count / (count - 1), momentum)


def instance_means(running_mean, running_var, x, momentum):
    return running(running_mean, running_var, x.mean((2, 3)), x.var((2, 3), ddof=1), momentum)


def batch_alone(running_mean, running_var, x, momentum):
    return x.mean(ALL), x.var(ALL, ddof=1)


def momentum_on_both(running_mean, running_var, x, momentum):
    return running(momentum * running_mean / (1 - momentum), running_var, x.mean(ALL), x.var(ALL, ddof=1), momentum)


def variance_without_momentum(running_mean, running_var, x, momentum):
    mean, _ = running(running_mean, running_var, x.mean(ALL), x.var(ALL), momentum)
    return mean, x.var(ALL, ddof=1)


def only_one_the_other_way(running_mean, running_var, x, momentum):
    mean, _ = running(running_mean, running_var, x.mean(ALL), x.var(ALL), momentum)
    return mean, momentum * running_var + (1 - momentum) * x.var(ALL, ddof=1)


def squares_not_centred(running_mean, running_var, x, momentum):
    count = x.size / x.shape[1]
    return running(running_mean, running_var, x.mean(ALL), (x**2).sum(ALL) / (count - 1), momentum)


def nothing_returned(running_mean, running_var, x, momentum):
    running_mean = running_mean + momentum * (x.mean(ALL) - running_mean)
    running_var = running_var + momentum * (x.var(ALL, ddof=1) - running_var)


def law_of_mixture(running_mean, running_var, x, momentum):
    mean, variance = running(running_mean, running_var, x.mean(ALL), x.var(ALL, ddof=1), momentum)
    return mean, variance + momentum * (1 - momentum) * (x.mean(ALL) - running_mean) ** 2


def columns_only(g, rows, columns):
    return fold(g, columns, 3)[:, :, rows : g.shape[2] - rows]


def to_the_other_side(g, rows, columns):
    for width, axis in ((rows, 2), (columns, 3)):
        g = np.moveaxis(g, axis, 0)
        result = g[width : len(g) - width].copy()
        result[len(result) - width :] += g[:width]
        result[:width] += g[len(g) - width :]
        g = np.moveaxis(result, 0, axis)
    return g


def two_pixels_in(g, rows, columns):
    height, width = g.shape[2] - 2 * rows, g.shape[3] - 2 * columns
    result = np.zeros((*g.shape[:2], height, width))
    for p in range(g.shape[2]):
        for q in range(g.shape[3]):
            i, j = p - rows, q - columns
            i = -i if i < 0 else 2 * height - 1 - i if i >= height else i
            j = -j if j < 0 else 2 * width - 1 - j if j >= width else j
            result[:, :, i, j] += g[:, :, p, q]
    return result


def corners_twice(g, rows, columns):
    down = fold(g, rows, 2)[:, :, :, columns : g.shape[3] - columns]
    across = fold(g, columns, 3)[:, :, rows : g.shape[2] - rows]
    corners = fold_both(g, rows, columns) - down - across + inner(g, rows, columns)
    return down + across - inner(g, rows, columns) + 2 * corners


def picture_twice(g, rows, columns):
    return fold_both(g, rows, columns) + inner(g, rows, columns)


def below_and_right_only(g, rows, columns):
    for width, axis in ((rows, 2), (columns, 3)):
        g = np.moveaxis(g, axis, 0)
        result = g[width : len(g) - width].copy()
        result[len(result) - 1 - width : len(result) - 1] += g[len(g) - width :][::-1]
        g = np.moveaxis(result, 0, axis)
    return g


def first_norm_missing(x, first, second):
    y = rn.functional.relu(rn.functional.conv2d(rn.functional.pad(x, (1, 1, 1, 1), "reflect"), first))
    return x + half(y, second)


def batch_norm_block(x, first, second):
    y = x
    for weight in (first, second):
        y = rn.functional.pad(y, (1, 1, 1, 1), "reflect")
        y = rn.functional.batch_norm(rn.functional.conv2d(y, weight), None, None, training=True)
        y = rn.functional.relu(y) if weight is first else y
    return x + y


def skip_twice(x, first, second):
    return 2 * x + half(rn.functional.relu(half(x, first)), second)


def halved(x, first, second):
    return (x + half(rn.functional.relu(half(x, first)), second)) / 2


def relu_first(x, first, second):
    return x + half(rn.functional.relu(half(rn.functional.relu(x), first)), second)


def norm_on_the_sum_too(x, first, second):
    return rn.functional.instance_norm(x + half(rn.functional.relu(half(x, first)), second))


def branch_of_the_branch(x, first, second):
    return half(rn.functional.relu(half(x, first)), second) * 2


def edge_padding(x, first, second):
    y = x
    for weight in (first, second):
        y = np.pad(y, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
        y = rn.functional.instance_norm(rn.functional.conv2d(y, weight)).data
        y = np.maximum(y, 0) if weight is first else y
    return x + y


def leaky(x, first, second):
    y = half(x, first).data
    return x + half(np.where(y > 0, y, 0.2 * y), second)


def one_zero_frame(x, first, second):
    y = rn.functional.conv2d(rn.functional.relu(half(x, first)), second, padding=1)
    return x + rn.functional.instance_norm(y)


def batch_turned_round(g, rows, columns):
    height, width = g.shape[2] - 2 * rows, g.shape[3] - 2 * columns
    down = g[:, :, rows : rows + height].copy()
    down[:, :, 1 : rows + 1] += g[:, :, :rows][::-1]
    down[:, :, height - 1 - rows : height - 1] += g[:, :, rows + height :][::-1]
    result = down[:, :, :, columns : columns + width].copy()
    result[:, :, :, 1 : columns + 1] += down[:, :, :, :columns][::-1]
    result[:, :, :, width - 1 - columns : width - 1] += down[:, :, :, columns + width :][::-1]
    return result


def added_to_x(x, first, second):
    x += half(rn.functional.relu(half(x, first)), second).data
    return x


def two_of_three(g, x, weight, eps):
    return backward_by_hand(g, x, weight, eps)[:2]


def mean_by_itself(running_mean, running_var, x, momentum):
    return running(running_mean, running_var, x.mean(ALL), x.var(ALL, ddof=1), momentum)[0]


def ready_made_layer(x, groups, eps):
    return torch.nn.functional.layer_norm(torch.as_tensor(np.array(x)), x.shape[1:], eps=eps)


# What the check makes of each, judged by hand: "named", it says what is wrong; "honest", it says where the result
# differs, without a diagnosis. None is misleading.
WRONG = [
    ("3.1", "only shifted", only_shifted, "named"),
    ("3.1", "not divided by its own deviation", own_deviation_stays, "named"),
    ("3.1", "its own mean stays", own_mean_stays, "named"),
    ("3.1", "nothing taken away", nothing_taken_away, "named"),
    ("3.1", "only normalised", only_normalised, "named"),
    ("3.1", "divided by the variance", divided_by_the_variance, "named"),
    ("3.1", "one mean and deviation for all channels", one_light_for_all_channels, "named"),
    ("3.1", "across the channels", across_the_channels, "named"),
    ("3.1", "row by row", row_by_row, "named"),
    ("3.1", "unbiased", unbiased_light, "named"),
    ("3.1", "mean and deviation exchanged", arguments_exchanged, "named"),
    ("3.1", "divided by the new deviation", divided_by_the_new, "named"),
    ("3.1", "its own mean added back", own_mean_added_back, "named"),
    ("3.1", "(C) along the last axis", along_the_columns, "honest"),
    ("3.1", "smallest to largest", minimum_and_maximum, "honest"),
    ("3.1", "the variance put on", variance_put_on, "named"),
    ("3.1", "the mean scaled too", mean_scaled_too, "named"),
    ("3.1", "clipped to a picture's range", clipped_light, "named"),
    ("3.1", "right numbers, painted over the picture", painted_over, "named"),
    ("3.2", "all pictures in one list", batch_in_the_list, "named"),
    ("3.2", "instance norm", instance_norm, "named"),
    ("3.2", "layer norm: one group", layer_norm, "named"),
    ("3.2", "batch norm", batch_norm, "named"),
    ("3.2", "eps outside the root", eps_outside, "named"),
    ("3.2", "unbiased variance", unbiased, "named"),
    ("3.2", "every groups-th channel", every_other_channel, "named"),
    ("3.2", "groups taken for the channels of one group", groups_as_size, "named"),
    ("3.2", "divided by the variance", no_root, "named"),
    ("3.2", "mean not subtracted", mean_left, "named"),
    ("3.2", "not shaped back", not_shaped_back, "honest"),
    ("3.2", "mean of each channel's own variance", each_channels_own_variance, "named"),
    ("3.2", "each pixel's channels by themselves", pixels_apart, "named"),
    ("3.2", "eps forgotten", eps_forgotten, "named"),
    ("3.2", "group's mean, picture's deviation", mean_of_group_deviation_of_all, "honest"),
    ("3.2", "eps squared", eps_squared, "named"),
    ("3.2", "eps always 1e-5", own_eps, "named"),
    ("3.2", "reshaped without the batch", pictures_in_groups, "honest"),
    ("3.2", "pixels in groups: channels last", rows_in_groups, "honest"),
    ("3.2", "each channel's mean, group's deviation", channel_means, "named"),
    ("3.2", "first group only", first_group_only, "named"),
    ("3.2", "in place", in_place_norm, "named"),
    ("3.2", "PyTorch's layer norm", ready_made_layer, "named"),
    ("3.3", "the mean's term left out", without_the_mean, "named"),
    ("3.3", "the deviation's term left out", without_the_deviation, "named"),
    ("3.3", "mean and deviation as constants", as_constants, "named"),
    ("3.3", "weight forgotten in x's gradient", weight_forgotten, "named"),
    ("3.3", "weight's gradient with x for y", weight_meets_x, "named"),
    ("3.3", "means for the sums of weight and bias", means_for_sums, "named"),
    ("3.3", "sums for the means of x", sums_for_means, "named"),
    ("3.3", "instance norm's axes", each_picture_by_itself, "named"),
    ("3.3", "not divided by sigma", sigma_forgotten, "named"),
    ("3.3", "weight, bias, x", other_order, "honest"),
    ("3.3", "x, bias, weight", bias_before_weight, "named"),
    ("3.3", "weight times its own gradient", weight_in_its_own_gradient, "named"),
    ("3.3", "weight along the last axis", weight_along_the_last_axis, "honest"),
    ("3.3", "unbiased variance", unbiased_sigma, "named"),
    ("3.3", "eps outside the root", sigma_with_eps_outside, "named"),
    ("3.3", "weight and bias (1, C, 1, 1)", gradients_kept_wide, "honest"),
    ("3.3", "sign of the deviation's term", sign_of_the_deviation, "named"),
    ("3.3", "only the gradient of x", only_x, "honest"),
    ("3.3", "g weighted in place", g_weighted_in_place, "named"),
    ("3.3", "weight in weight's and bias's gradient", g_weighted_throughout, "named"),
    ("3.3", "weight in the first term only", weight_in_the_first_term_only, "named"),
    ("3.3", "x - mean for y in x's gradient", centred_for_normalised, "named"),
    ("3.3", "divided by the variance", variance_for_sigma, "named"),
    ("3.3", "divided by the weight", divided_by_the_weight, "named"),
    ("3.3", "weight's and bias's gradient per picture", weights_for_each_picture, "named"),
    ("3.3", "weight's gradient with x - mean", centred_weight_gradient, "named"),
    ("3.3", "z taken for y", y_of_the_forward_result, "named"),
    ("3.3", "eps left out", eps_left_out, "named"),
    ("3.3", "two of the three", two_of_three, "honest"),
    ("3.4", "biased variance", biased_variance, "named"),
    ("3.4", "momentum the other way round", momentum_the_other_way, "named"),
    ("3.4", "standard deviation", deviation_for_variance, "named"),
    ("3.4", "in place", in_place, "named"),
    ("3.4", "mean of the pictures' own variances", variance_of_pictures, "named"),
    ("3.4", "unbiased by the number of pictures", count_of_pictures, "honest"),
    ("3.4", "variance around the running mean", around_the_running_mean, "named"),
    ("3.4", "old value not shrunk", old_not_shrunk, "named"),
    ("3.4", "variance first", returned_in_the_other_order, "named"),
    ("3.4", "variance not updated", mean_only, "named"),
    ("3.4", "correction upside down", correction_upside_down, "honest"),
    ("3.4", "momentum always 0.1", momentum_fixed, "named"),
    ("3.4", "over the channels too", one_number_for_all, "named"),
    ("3.4", "correction on the whole running variance", all_corrected, "named"),
    ("3.4", "unbiased by the pixels of one picture", count_of_pixels, "named"),
    ("3.4", "statistics of each picture (N, C)", instance_means, "honest"),
    ("3.4", "the batch's alone", batch_alone, "named"),
    ("3.4", "old mean times momentum too", momentum_on_both, "named"),
    ("3.4", "variance without momentum", variance_without_momentum, "named"),
    ("3.4", "momentum the other way for the variance only", only_one_the_other_way, "named"),
    ("3.4", "squares not centred", squares_not_centred, "named"),
    ("3.4", "nothing returned", nothing_returned, "named"),
    ("3.4", "variance of the mixture", law_of_mixture, "honest"),
    ("3.4", "only the mean returned", mean_by_itself, "honest"),
    ("3.5", "cut out", cropped, "named"),
    ("3.5", "corners forgotten", corners_forgotten, "named"),
    ("3.5", "symmetric: edge twice", edge_shown_twice, "named"),
    ("3.5", "frame not turned round", not_turned_round, "named"),
    ("3.5", "mean of the copies", averaged_copies, "named"),
    ("3.5", "rows and columns exchanged", rows_and_columns_exchanged, "named"),
    ("3.5", "indices with +=: last copy wins", last_copy_wins, "named"),
    ("3.5", "rows only", rows_only, "named"),
    ("3.5", "edge pixel gets the whole frame", edge_gets_all, "named"),
    ("3.5", "above and left only", left_and_top_only, "named"),
    ("3.5", "padded once more", padded_again, "honest"),
    ("3.5", "copies without the pixel itself", frame_alone, "named"),
    ("3.5", "columns only", columns_only, "named"),
    ("3.5", "to the other side (wrap)", to_the_other_side, "named"),
    ("3.5", "off by one on the right and below", two_pixels_in, "honest"),
    ("3.5", "corners twice", corners_twice, "named"),
    ("3.5", "the pixel itself twice", picture_twice, "named"),
    ("3.5", "below and right only", below_and_right_only, "named"),
    ("3.5", "right numbers, but g is written over", fold_into_g, "named"),
    ("3.5", "[::-1] turns the batch round", batch_turned_round, "named"),
    ("3.6", "as found", as_found, "named"),
    ("3.6", "ReLU after the sum", relu_after_the_sum, "named"),
    ("3.6", "second norm removed too", no_second_norm, "named"),
    ("3.6", "no norms", no_norms, "named"),
    ("3.6", "no ReLU at all", no_relu, "named"),
    ("3.6", "no skip", no_skip, "named"),
    ("3.6", "ReLU before the first norm", relu_before_norm, "named"),
    ("3.6", "zeros instead of reflection", zeros_around, "named"),
    ("3.6", "first weight twice", first_twice, "named"),
    ("3.6", "weights exchanged", second_first, "named"),
    ("3.6", "norm after the sum", norm_after_the_sum, "named"),
    ("3.6", "ReLU on the skip", relu_moved_to_x, "named"),
    ("3.6", "the wrong ReLU removed", wrong_relu_removed, "named"),
    ("3.6", "minus", minus, "named"),
    ("3.6", "skip starts in the middle", skip_from_the_middle, "named"),
    ("3.6", "first norm missing", first_norm_missing, "named"),
    ("3.6", "batch norm", batch_norm_block, "named"),
    ("3.6", "2 x", skip_twice, "honest"),
    ("3.6", "halved", halved, "honest"),
    ("3.6", "ReLU on the branch's input", relu_first, "named"),
    ("3.6", "norm on the sum too", norm_on_the_sum_too, "named"),
    ("3.6", "branch twice instead of x", branch_of_the_branch, "honest"),
    ("3.6", "edge repeated", edge_padding, "named"),
    ("3.6", "leaky ReLU", leaky, "named"),
    ("3.6", "second frame of zeros", one_zero_frame, "named"),
    ("3.6", "x += branch", added_to_x, "named"),
]

RIGHT = [
    ("3.1", "channel after channel, a list", channel_after_channel),
    ("3.1", "PyTorch", light_by_torch),
    ("3.1", "with a small eps", light_with_eps),
    ("3.2", "loops", group_by_loops),
    ("3.2", "PyTorch", group_by_pytorch),
    ("3.2", "mean of squares minus square of mean", group_by_squares),
    ("3.2", "float32", group_in_float32),
    ("3.3", "PyTorch's autograd", backward_by_pytorch),
    ("3.3", "the paper's formulas, as a list", backward_as_in_the_paper),
    ("3.3", "the Jacobian, by channel", backward_by_channel),
    ("3.3", "float32 results", backward_in_float32),
    ("3.4", "old plus momentum times the difference", by_lerp),
    ("3.4", "PyTorch's layer", by_layer),
    ("3.4", "loops, returns lists", channel_by_channel),
    ("3.5", "folded by axis", fold_both),
    ("3.5", "np.add.at", by_add_at),
    ("3.5", "as a matrix product", by_matrices),
    ("3.5", "PyTorch's autograd", by_autograd),
    ("3.6", "returns a Tensor", block_of_reference),
    ("3.6", "returns an array", block_as_array),
    ("3.6", "PyTorch", block_in_pytorch),
    ("3.6", "NumPy alone", block_in_numpy),
]
