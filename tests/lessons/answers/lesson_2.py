"""Answers to lesson 2's exercises as they might be handed in, written without sight of the checks."""

import numpy as np
import torch

import reference_numpy as rn


def framed(x, padding, **more):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), **more)


def size(length, kernel, stride):
    return (length - kernel) // stride + 1


def strided(x, w, stride):
    """A convolution with a stride, of a picture that has its frame already."""
    (kh, kw), rows, columns = w.shape[2:], size(x.shape[2], w.shape[2], stride), size(x.shape[3], w.shape[3], stride)
    y = np.zeros((len(x), len(w), rows, columns))
    for i in range(kh):
        for j in range(kw):
            part = x[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            y += np.einsum("ncpq,oc->nopq", part, w[:, :, i, j])
    return y


# Task 2.1, counting what is learned


def bias_forgotten(layers):
    return sum(i * o * h * w for i, o, h, w, _ in layers)


def bias_always(layers):
    return sum(i * o * h * w + o for i, o, h, w, _ in layers)


def bias_for_each_input(layers):
    return sum(i * o * h * w + (i if bias else 0) for i, o, h, w, bias in layers)


def one_bias_a_layer(layers):
    return sum(i * o * h * w + bias for i, o, h, w, bias in layers)


def bias_for_each_kernel(layers):
    return sum(i * o * h * w + i * o * bias for i, o, h, w, bias in layers)


def inputs_forgotten(layers):
    return sum(o * h * w + o * bias for _, o, h, w, bias in layers)


def outputs_forgotten(layers):
    return sum(i * h * w + i * bias for i, _, h, w, bias in layers)


def channels_added(layers):
    return sum((i + o) * h * w + o * bias for i, o, h, w, bias in layers)


def height_squared(layers):
    return sum(i * o * h * h + o * bias for i, o, h, w, bias in layers)


def width_squared(layers):
    return sum(i * o * w * w + o * bias for i, o, h, w, bias in layers)


def height_plus_width(layers):
    return sum(i * o * (h + w) + o * bias for i, o, h, w, bias in layers)


def last_layer(layers):
    for i, o, h, w, bias in layers:
        total = i * o * h * w + o * bias
    return total


def returns_in_the_loop(layers):
    for i, o, h, w, bias in layers:
        return i * o * h * w + o * bias


def a_number_for_each_layer(layers):
    return [i * o * h * w + o * bias for i, o, h, w, bias in layers]


def bias_multiplied(layers):
    return sum(o * (i * h * w + 1) * bias for i, o, h, w, bias in layers)


def layers_multiplied(layers):
    total = 1
    for i, o, h, w, bias in layers:
        total *= i * o * h * w + o * bias
    return total


def in_bytes(layers):
    return 4 * sum(i * o * h * w + o * bias for i, o, h, w, bias in layers)


def scale_and_shift(layers):
    return sum(i * o * h * w + 2 * o * bias for i, o, h, w, bias in layers)


def as_a_sentence(layers):
    return f"{sum(i * o * h * w + o * bias for i, o, h, w, bias in layers):,} numbers"


def list_used_up(layers):
    total = 0
    while layers:
        i, o, h, w, bias = layers.pop()
        total += i * o * h * w + o * bias
    return total


def count_by_pytorch(layers):
    modules = [torch.nn.Conv2d(i, o, (h, w), bias=bias) for i, o, h, w, bias in layers]
    return sum(p.numel() for module in modules for p in module.parameters())


def count_by_arrays(layers):
    table = np.array(layers, dtype=float)
    return table[:, :4].prod(axis=1).sum() + (table[:, 1] * table[:, 4]).sum()


def count_with_if(layers):
    total = 0
    for layer in layers:
        total += np.prod(layer[:4])
        if layer[4]:
            total += layer[1]
    return total


# Task 2.2


def kernel_turned(x, w, stride, padding):
    return strided(framed(x, padding), w[:, :, ::-1, ::-1], stride)


def window_without_stride(x, w, stride, padding):
    x = framed(x, padding)
    kh, kw = w.shape[2:]
    y = np.zeros((len(x), len(w), size(x.shape[2], kh, stride), size(x.shape[3], kw, stride)))
    for p in range(y.shape[2]):
        for q in range(y.shape[3]):
            y[:, :, p, q] = np.einsum("ncij,ocij->no", x[:, :, p : p + kh, q : q + kw], w)
    return y


def no_padding(x, w, stride, padding):
    return strided(x, w, stride)


def padding_on_one_side(x, w, stride, padding):
    return strided(np.pad(x, ((0, 0), (0, 0), (padding, 0), (padding, 0))), w, stride)


def plus_one_forgotten(x, w, stride, padding):
    return strided(framed(x, padding), w, stride)[:, :, :-1, :-1]


def stride_in_the_kernel(x, w, stride, padding):
    x = framed(x, padding)
    (kh, kw), rows, columns = w.shape[2:], size(x.shape[2], w.shape[2], stride), size(x.shape[3], w.shape[3], stride)
    x = framed(x, stride * max(kh, kw))[:, :, stride * max(kh, kw) :, stride * max(kh, kw) :]
    y = np.zeros((len(x), len(w), rows, columns))
    for i in range(kh):
        for j in range(kw):
            part = x[:, :, i * stride : i * stride + rows, j * stride : j * stride + columns]
            y += np.einsum("ncpq,oc->nopq", part, w[:, :, i, j])
    return y


def first_channel_only(x, w, stride, padding):
    return strided(framed(x[:, :1], padding), w[:, :1], stride)


def all_axes_padded(x, w, stride, padding):
    return strided(np.pad(x, padding), w, stride)


def edge_repeated(x, w, stride, padding):
    return strided(framed(x, padding, mode="edge"), w, stride)


def rows_and_columns_swapped(x, w, stride, padding):
    return strided(framed(x, padding), w, stride).swapaxes(2, 3)


def mean_of_channels(x, w, stride, padding):
    return strided(framed(x, padding), w, stride) / x.shape[1]


def stride_for_rows_only(x, w, stride, padding):
    return strided(framed(x, padding), w, 1)[:, :, ::stride]


def ceiling_in_the_size(x, w, stride, padding):
    x, (kh, kw) = framed(x, padding), w.shape[2:]
    down, right = -(x.shape[2] - kh) % stride, -(x.shape[3] - kw) % stride
    return strided(np.pad(x, ((0, 0), (0, 0), (0, down), (0, right))), w, stride)


def every_stride_th(x, w, stride, padding):
    return strided(framed(x, padding), w, 1)[:, :, ::stride, ::stride]


def by_pytorch(x, w, stride, padding):
    x, w = torch.as_tensor(np.array(x)), torch.as_tensor(np.array(w))
    return torch.nn.functional.conv2d(x, w, stride=stride, padding=padding)


def by_loops(x, w, stride, padding):
    x = framed(x, padding)
    (outputs, channels, kh, kw), batch = w.shape, len(x)
    y = np.zeros((batch, outputs, size(x.shape[2], kh, stride), size(x.shape[3], kw, stride)))
    for n, o, p, q in np.ndindex(y.shape):
        for c, i, j in np.ndindex(channels, kh, kw):
            y[n, o, p, q] += w[o, c, i, j] * x[n, c, p * stride + i, q * stride + j]
    return y


def in_float32(x, w, stride, padding):
    return strided(framed(x, padding), w, stride).astype(np.float32)


def by_windows(x, w, stride, padding):
    windows = np.lib.stride_tricks.sliding_window_view(framed(x, padding), w.shape[2:], axis=(2, 3))
    return np.einsum("ncpqij,ocij->nopq", windows[:, :, ::stride, ::stride], w)


def by_reference(x, w, stride, padding):
    return rn.functional.conv2d(x, w, stride=stride, padding=padding)


# Task 2.3


def correlated(g, x, kernel_size, stride):
    kh, kw = kernel_size
    rows, columns = g.shape[2:]
    gradient = np.zeros((g.shape[1], x.shape[1], kh, kw))
    for i in range(kh):
        for j in range(kw):
            part = x[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            gradient[:, :, i, j] = np.einsum("nopq,ncpq->oc", g, part)
    return gradient


def not_padded(g, x, kernel_size, stride, padding):
    rows, columns = g.shape[2:]
    gradient = np.zeros((g.shape[1], x.shape[1], *kernel_size))
    for i, j in np.ndindex(*kernel_size):
        part = x[:, :, i::stride, j::stride][:, :, :rows, :columns]
        gradient[:, :, i, j] = np.einsum("nopq,ncpq->oc", g[:, :, : part.shape[2], : part.shape[3]], part)
    return gradient


def stride_forgotten(g, x, kernel_size, stride, padding):
    return correlated(g, framed(x, padding), kernel_size, 1)


def gradient_turned(g, x, kernel_size, stride, padding):
    return correlated(g, framed(x, padding), kernel_size, stride)[:, :, ::-1, ::-1]


def channels_swapped(g, x, kernel_size, stride, padding):
    return correlated(g, framed(x, padding), kernel_size, stride).swapaxes(0, 1)


def mean_over_pictures(g, x, kernel_size, stride, padding):
    return correlated(g, framed(x, padding), kernel_size, stride) / len(g)


def first_picture_only(g, x, kernel_size, stride, padding):
    return correlated(g[:1], framed(x[:1], padding), kernel_size, stride)


def g_left_out(g, x, kernel_size, stride, padding):
    return correlated(np.ones_like(g), framed(x, padding), kernel_size, stride)


def stride_counts_inside_the_kernel(g, x, kernel_size, stride, padding):
    x = framed(x, padding + stride * max(kernel_size))[:, :, stride * max(kernel_size) :, stride * max(kernel_size) :]
    rows, columns = g.shape[2:]
    gradient = np.zeros((g.shape[1], x.shape[1], *kernel_size))
    for i, j in np.ndindex(*kernel_size):
        part = x[:, :, i * stride : i * stride + rows, j * stride : j * stride + columns]
        gradient[:, :, i, j] = np.einsum("nopq,ncpq->oc", g, part)
    return gradient


def dilated(g, stride):
    spread = np.zeros((*g.shape[:2], stride * (g.shape[2] - 1) + 1, stride * (g.shape[3] - 1) + 1))
    spread[:, :, ::stride, ::stride] = g
    return spread


def not_trimmed(g, x, kernel_size, stride, padding):
    return strided(framed(x, padding).swapaxes(0, 1), dilated(g, stride).swapaxes(0, 1), 1).swapaxes(0, 1)


def height_and_width_swapped(g, x, kernel_size, stride, padding):
    return correlated(g, framed(x, padding), kernel_size[::-1], stride)


def mean_over_places(g, x, kernel_size, stride, padding):
    return correlated(g, framed(x, padding), kernel_size, stride) / (g.shape[2] * g.shape[3])


def last_place_only(g, x, kernel_size, stride, padding):
    x, (kh, kw) = framed(x, padding), kernel_size
    for p, q in np.ndindex(*g.shape[2:]):
        window = x[:, :, p * stride : p * stride + kh, q * stride : q * stride + kw]
        gradient = np.einsum("no,ncij->ocij", g[:, :, p, q], window)
    return gradient


def by_elements(g, x, kernel_size, stride, padding):
    return correlated(g, framed(x, padding), kernel_size, stride)


def by_dilation(g, x, kernel_size, stride, padding):
    return not_trimmed(g, x, kernel_size, stride, padding)[:, :, : kernel_size[0], : kernel_size[1]]


def by_autograd(g, x, kernel_size, stride, padding):
    g, x = torch.as_tensor(np.array(g)), torch.as_tensor(np.array(x))
    w = torch.zeros(g.shape[1], x.shape[1], *kernel_size, dtype=x.dtype, requires_grad=True)
    torch.nn.functional.conv2d(x, w, stride=stride, padding=padding).backward(g)
    return w.grad


def by_unit_kernels(g, x, kernel_size, stride, padding):
    x, gradient = framed(x, padding), np.zeros((g.shape[1], x.shape[1], *kernel_size))
    for index in np.ndindex(gradient.shape):
        unit = np.zeros(gradient.shape)
        unit[index] = 1
        gradient[index] = (g * strided(x, unit, stride)).sum()
    return gradient


# Task 2.4


def first_layer_first(position, layers):
    first = last = position
    for kernel, stride, padding in layers:
        first = first * stride - padding
        last = last * stride - padding + kernel - 1
    return first, last


def padding_added(position, layers):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first = first * stride + padding
        last = last * stride + padding + kernel - 1
    return first, last


def one_pixel_too_many(position, layers):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
        last = last * stride - padding + kernel
    return first, last


def one_beyond_at_the_end(position, layers):
    first, last = by_recursion(position, layers)
    return first, last + 1


def padding_ignored(position, layers):
    first = last = position
    for kernel, stride, _ in reversed(layers):
        first = first * stride
        last = last * stride + kernel - 1
    return first, last


def cut_off_at_zero(position, layers):
    first, last = by_recursion(position, layers)
    return max(0, first), last


def paddings_just_added_up(position, layers):
    field, jump = 1, 1
    for kernel, stride, _ in layers:
        field += (kernel - 1) * jump
        jump *= stride
    first = position * jump - sum(padding for _, _, padding in layers)
    return first, first + field - 1


def jump_before_field(position, layers):
    field, jump, offset = 1, 1, 0
    for kernel, stride, padding in layers:
        offset += padding * jump
        jump *= stride
        field += (kernel - 1) * jump
    return position * jump - offset, position * jump - offset + field - 1


def only_the_last_window(position, layers):
    first = position
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
        last = first + kernel - 1
    return first, last


def first_and_width(position, layers):
    first, last = by_recursion(position, layers)
    return first, last - first + 1


def last_times_stride_afterwards(position, layers):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
        last = (last + kernel - 1) * stride - padding
    return first, last


def padding_times_stride(position, layers):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first = (first - padding) * stride
        last = (last - padding) * stride + kernel - 1
    return first, last


def by_recursion(position, layers):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
        last = last * stride - padding + kernel - 1
    return first, last


def by_jumps(position, layers):
    field, jump, offset = 1, 1, 0
    for kernel, stride, padding in layers:
        offset += padding * jump
        field += (kernel - 1) * jump
        jump *= stride
    return [position * jump - offset, position * jump - offset + field - 1]


def by_sets(position, layers):
    seen = {position}
    for kernel, stride, padding in layers[::-1]:
        seen = {one * stride - padding + k for one in seen for k in range(kernel)}
    return np.array([min(seen), max(seen)])


def by_self_calls(position, layers):
    if not layers:
        return position, position
    *before, (kernel, stride, padding) = layers
    start = position * stride - padding
    return by_self_calls(start, before)[0], by_self_calls(start + kernel - 1, before)[1]


# Task 2.5


def mirrored(x, rows, columns, mode="reflect"):
    return np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)), mode=mode)


def as_found(x, w):
    return rn.functional.conv2d(mirrored(x, x.shape[1], x.shape[1]), w).data


def square_kernels_only(x, w):
    return rn.functional.conv2d(mirrored(x, w.shape[2] // 2, w.shape[2] // 2), w).data


def axes_exchanged(x, w):
    return rn.functional.conv2d(mirrored(x, w.shape[3] // 2, w.shape[2] // 2), w).data


def zeros_around(x, w):
    return rn.functional.conv2d(x, w, padding=(w.shape[2] // 2, w.shape[3] // 2)).data


def symmetric(x, w):
    return rn.functional.conv2d(mirrored(x, w.shape[2] // 2, w.shape[3] // 2, "symmetric"), w).data


def edge_continued(x, w):
    return rn.functional.conv2d(mirrored(x, w.shape[2] // 2, w.shape[3] // 2, "edge"), w).data


def wrapped(x, w):
    return rn.functional.conv2d(mirrored(x, w.shape[2] // 2, w.shape[3] // 2, "wrap"), w).data


def whole_kernel_around(x, w):
    return rn.functional.conv2d(mirrored(x, w.shape[2] - 1, w.shape[3] - 1), w).data


def always_three(x, w):
    return rn.functional.conv2d(mirrored(x, 3, 3), w).data


def too_much_then_cut(x, w):
    height, width = x.shape[2:]
    return rn.functional.conv2d(mirrored(x, w.shape[2] - 1, w.shape[3] - 1), w).data[:, :, :height, :width]


def on_one_side(x, w):
    around = ((0, 0), (0, 0), (w.shape[2] - 1, 0), (w.shape[3] - 1, 0))
    return rn.functional.conv2d(np.pad(x, around, mode="reflect"), w).data


def grey_to_three_channels(x, w):
    if x.shape[1] == 1:
        x, w = x.repeat(3, axis=1), w.repeat(3, axis=1)
    return rn.functional.conv2d(mirrored(x, w.shape[2] // 2, w.shape[3] // 2), w).data


def by_indices(x, w):
    indices = []
    for length, kernel in zip(x.shape[2:], w.shape[2:], strict=True):
        index = np.abs(np.arange(-(kernel // 2), length + kernel // 2))
        indices.append(length - 1 - np.abs(length - 1 - index))
    return rn.functional.conv2d(x[:, :, indices[0][:, None], indices[1]], w).data


def by_pytorch_pad(x, w):
    x, w = torch.as_tensor(np.array(x)), torch.as_tensor(np.array(w))
    rows, columns = w.shape[2] // 2, w.shape[3] // 2
    around = torch.nn.functional.pad(x, (columns, columns, rows, rows), mode="reflect")
    return torch.nn.functional.conv2d(around, w)


def returns_a_tensor(x, w):
    return rn.functional.conv2d(mirrored(x, w.shape[2] // 2, w.shape[3] // 2), w)


def by_hand(x, w):
    return strided(mirrored(x, w.shape[2] // 2, w.shape[3] // 2), w, 1)


def output_padded(x, w, stride, padding):
    return framed(strided(x, w, stride), padding)


def picture_thinned_out_first(x, w, stride, padding):
    return strided(framed(x, padding)[:, :, ::stride, ::stride], w, 1)


def channels_of_w_swapped(x, w, stride, padding):
    return strided(framed(x, padding), w.swapaxes(0, 1), stride)


def kernel_transposed(x, w, stride, padding):
    return strided(framed(x, padding), w.swapaxes(2, 3), stride)


def upside_down_only(x, w, stride, padding):
    return strided(framed(x, padding), w[:, :, ::-1], stride)


def padded_by_half_the_kernel(x, w, stride, padding):
    return strided(framed(x, w.shape[2] // 2), w, stride)


def channels_added_before(x, w, stride, padding):
    return strided(framed(x, padding).sum(1, keepdims=True), w.sum(1, keepdims=True), stride)


def last_channel_stays(x, w, stride, padding):
    return strided(framed(x[:, -1:], padding), w[:, -1:], stride)


def padded_twice(g, x, kernel_size, stride, padding):
    return correlated(g, framed(x, 2 * padding), kernel_size, stride)


def g_turned(g, x, kernel_size, stride, padding):
    return correlated(g[:, :, ::-1, ::-1], framed(x, padding), kernel_size, stride)


def g_added_up_first(g, x, kernel_size, stride, padding):
    return correlated(np.broadcast_to(g.mean((2, 3), keepdims=True), g.shape), framed(x, padding), kernel_size, stride)


def pictures_mixed(g, x, kernel_size, stride, padding):
    g, x = g.sum(0, keepdims=True), framed(x, padding).sum(0, keepdims=True)
    return correlated(g, x, kernel_size, stride)


def channels_added_up(g, x, kernel_size, stride, padding):
    gradient = correlated(g, framed(x, padding), kernel_size, stride)
    return np.broadcast_to(gradient.sum(1, keepdims=True), gradient.shape)


def sign_turned(g, x, kernel_size, stride, padding):
    return -correlated(g, framed(x, padding), kernel_size, stride)


def one_picture_each(g, x, kernel_size, stride, padding):
    pictures = [correlated(g[n : n + 1], framed(x[n : n + 1], padding), kernel_size, stride) for n in range(len(g))]
    return np.stack(pictures)


def last_exchanged(position, layers):
    return by_recursion(position, layers)[::-1]


def padding_for_the_first_only(position, layers):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
        last = last * stride + kernel - 1
    return first, last


def padding_on_both_sides(position, layers):
    first = last = position
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
        last = last * stride + padding + kernel - 1
    return first, last


def stride_forgotten_in_2_3(position, layers):
    first = last = position
    for kernel, _, padding in reversed(layers):
        first = first - padding
        last = last - padding + kernel - 1
    return first, last


def middle_and_half(position, layers):
    first, last = by_recursion(position, layers)
    middle, half = (first + last) // 2, (last - first + 1) // 2
    return middle - half, middle + half


def counted_from_one(position, layers):
    first, last = by_recursion(position, layers)
    return first + 1, last + 1


def last_layer_only(position, layers):
    kernel, stride, padding = layers[-1]
    return position * stride - padding, position * stride - padding + kernel - 1


def double_padding(position, layers):
    return by_recursion(position, [(kernel, stride, 2 * padding) for kernel, stride, padding in layers])


def field_from_zero(position, layers):
    field, jump, offset = 0, 1, 0
    for kernel, stride, padding in layers:
        offset += padding * jump
        field += kernel * jump
        jump *= stride
    return position * jump - offset, position * jump - offset + field - 1


def rounded_up(x, w):
    return rn.functional.conv2d(mirrored(x, (w.shape[2] + 1) // 2, (w.shape[3] + 1) // 2), w).data


def wrong_axes(x, w):
    rows, columns = w.shape[2] // 2, w.shape[3] // 2
    return rn.functional.conv2d(np.pad(x, ((0, 0), (rows, rows), (columns, columns), (0, 0)), mode="reflect"), w).data


def zeros_and_mirror(x, w):
    rows, columns = w.shape[2] // 2, w.shape[3] // 2
    return rn.functional.conv2d(mirrored(x, rows, columns), w, padding=(rows, columns)).data


def width_for_both(x, w):
    return rn.functional.conv2d(mirrored(x, w.shape[3] // 2, w.shape[3] // 2), w).data


def number_of_outputs(x, w):
    return rn.functional.conv2d(mirrored(x, len(w), len(w)), w).data


def turned_kernel(x, w):
    return strided(mirrored(x, w.shape[2] // 2, w.shape[3] // 2), w[:, :, ::-1, ::-1], 1)


def mirrored_to_a_column(x, w):
    return rn.functional.conv2d(mirrored(x, w.shape[2] // 2, w.shape[3] // 2, "linear_ramp"), w).data


def no_zero_padding(x, w, stride, padding):
    around = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding))
    around[:, :, padding:-padding, padding:-padding] = x
    return strided(around, w, stride)


def divides_evenly_only(g, x, kernel_size, stride, padding):
    x = framed(x, padding)
    kernel = tuple(length - stride * (count - 1) for length, count in zip(x.shape[2:], g.shape[2:], strict=True))
    return correlated(g, x, kernel, stride)


def square_pictures_only(x, w, stride, padding):
    x, (kh, kw) = framed(x, padding), w.shape[2:]
    side = size(x.shape[2], kh, stride)
    y = np.zeros((len(x), len(w), side, side))
    for p in range(side):
        for q in range(side):
            window = x[:, :, p * stride : p * stride + kh, q * stride : q * stride + kw]
            y[:, :, p, q] = np.einsum("ncij,ocij->no", window, w)
    return y


def one_by_one_fails(x, w):
    rows, columns = w.shape[2] - 1, w.shape[3] - 1
    y = rn.functional.conv2d(mirrored(x, rows, columns), w).data
    return y[:, :, rows // 2 : -(rows // 2), columns // 2 : -(columns // 2)]


# What the check makes of each, judged by hand: "named", it says what is wrong; "honest", it says where the result
# differs, without a diagnosis. None is misleading.
WRONG = [
    ("2.1", "bias forgotten", bias_forgotten, "named"),
    ("2.1", "a bias in every layer", bias_always, "named"),
    ("2.1", "a bias for each input channel", bias_for_each_input, "named"),
    ("2.1", "one bias for each layer", one_bias_a_layer, "named"),
    ("2.1", "a bias for each kernel", bias_for_each_kernel, "named"),
    ("2.1", "input channels forgotten", inputs_forgotten, "named"),
    ("2.1", "output channels forgotten", outputs_forgotten, "named"),
    ("2.1", "channels added", channels_added, "named"),
    ("2.1", "height squared", height_squared, "named"),
    ("2.1", "width squared", width_squared, "named"),
    ("2.1", "height plus width", height_plus_width, "named"),
    ("2.1", "last layer only", last_layer, "named"),
    ("2.1", "first layer only", returns_in_the_loop, "named"),
    ("2.1", "a number for each layer", a_number_for_each_layer, "honest"),
    ("2.1", "the bias multiplies everything", bias_multiplied, "named"),
    ("2.1", "layers multiplied", layers_multiplied, "honest"),
    ("2.1", "in bytes", in_bytes, "honest"),
    ("2.1", "scale and shift, as of a norm", scale_and_shift, "honest"),
    ("2.1", "a sentence", as_a_sentence, "honest"),
    ("2.1", "the list is used up", list_used_up, "named"),
    ("2.2", "kernel turned", kernel_turned, "named"),
    ("2.2", "right size, but windows one pixel apart", window_without_stride, "named"),
    ("2.2", "padding ignored", no_padding, "named"),
    ("2.2", "padding above and left only", padding_on_one_side, "named"),
    ("2.2", "the + 1 of the size forgotten", plus_one_forgotten, "named"),
    ("2.2", "stride inside the kernel (dilation)", stride_in_the_kernel, "named"),
    ("2.2", "first channel only", first_channel_only, "named"),
    ("2.2", "np.pad on all axes", all_axes_padded, "honest"),
    ("2.2", "edge repeated instead of zeros", edge_repeated, "named"),
    ("2.2", "rows and columns swapped", rows_and_columns_swapped, "named"),
    ("2.2", "mean over the channels", mean_of_channels, "named"),
    ("2.2", "stride for the rows only", stride_for_rows_only, "named"),
    ("2.2", "size rounded up", ceiling_in_the_size, "honest"),
    ("2.2", "the output padded, not the picture", output_padded, "honest"),
    ("2.2", "every stride-th pixel first, then convolved", picture_thinned_out_first, "named"),
    ("2.2", "w's O and C swapped", channels_of_w_swapped, "honest"),
    ("2.2", "kernel transposed", kernel_transposed, "named"),
    ("2.2", "kernel upside down only", upside_down_only, "named"),
    ("2.2", "padded by half the kernel", padded_by_half_the_kernel, "named"),
    ("2.2", "channels added up before", channels_added_before, "named"),
    ("2.2", "= for += over channels: the last one stays", last_channel_stays, "named"),
    ("2.2", "fails for padding 0", no_zero_padding, "honest"),
    ("2.2", "square pictures only", square_pictures_only, "honest"),
    ("2.3", "x not padded", not_padded, "named"),
    ("2.3", "stride forgotten", stride_forgotten, "named"),
    ("2.3", "turned", gradient_turned, "named"),
    ("2.3", "O and C swapped", channels_swapped, "named"),
    ("2.3", "mean over the pictures", mean_over_pictures, "named"),
    ("2.3", "first picture only", first_picture_only, "named"),
    ("2.3", "g left out", g_left_out, "named"),
    ("2.3", "stride inside the kernel", stride_counts_inside_the_kernel, "named"),
    ("2.3", "dilated g, leftover rows not trimmed", not_trimmed, "honest"),
    ("2.3", "kernel's height and width swapped", height_and_width_swapped, "honest"),
    ("2.3", "mean over the places", mean_over_places, "named"),
    ("2.3", "= instead of +=: last place only", last_place_only, "named"),
    ("2.3", "padded twice", padded_twice, "named"),
    ("2.3", "g turned", g_turned, "honest"),
    ("2.3", "g averaged over its places first", g_added_up_first, "honest"),
    ("2.3", "batch summed in both before the product", pictures_mixed, "named"),
    ("2.3", "input channels added up", channels_added_up, "named"),
    ("2.3", "sign", sign_turned, "named"),
    ("2.3", "one gradient for each picture", one_picture_each, "named"),
    ("2.3", "kernel's size from what is left over", divides_evenly_only, "honest"),
    ("2.4", "first layer first", first_layer_first, "named"),
    ("2.4", "padding added", padding_added, "named"),
    ("2.4", "kernel instead of kernel - 1 in each layer", one_pixel_too_many, "named"),
    ("2.4", "one beyond, as in a slice", one_beyond_at_the_end, "named"),
    ("2.4", "padding ignored", padding_ignored, "named"),
    ("2.4", "cut off at 0", cut_off_at_zero, "named"),
    ("2.4", "paddings just added up, without the jump", paddings_just_added_up, "named"),
    ("2.4", "jump updated before the field", jump_before_field, "named"),
    ("2.4", "only the first output's window followed", only_the_last_window, "named"),
    ("2.4", "(first, width)", first_and_width, "named"),
    ("2.4", "kernel added before the stride", last_times_stride_afterwards, "named"),
    ("2.4", "padding taken off before the stride", padding_times_stride, "named"),
    ("2.4", "(last, first)", last_exchanged, "named"),
    ("2.4", "padding taken off the first only", padding_for_the_first_only, "named"),
    ("2.4", "padding widens the field", padding_on_both_sides, "named"),
    ("2.4", "stride forgotten", stride_forgotten_in_2_3, "named"),
    ("2.4", "middle plus and minus half", middle_and_half, "honest"),
    ("2.4", "counted from 1", counted_from_one, "named"),
    ("2.4", "last layer only", last_layer_only, "named"),
    ("2.4", "padding doubled", double_padding, "named"),
    ("2.4", "field from 0, kernel for kernel - 1", field_from_zero, "named"),
    ("2.5", "as found", as_found, "named"),
    ("2.5", "height's padding for both axes", square_kernels_only, "named"),
    ("2.5", "height and width exchanged", axes_exchanged, "named"),
    ("2.5", "zeros", zeros_around, "named"),
    ("2.5", "symmetric: edge repeated", symmetric, "named"),
    ("2.5", "edge", edge_continued, "named"),
    ("2.5", "wrap", wrapped, "named"),
    ("2.5", "kernel - 1 on each side", whole_kernel_around, "named"),
    ("2.5", "always 3", always_three, "named"),
    ("2.5", "too much around, then cut to size", too_much_then_cut, "named"),
    ("2.5", "mirrored above and left only", on_one_side, "named"),
    ("2.5", "grey picture repeated to three channels", grey_to_three_channels, "honest"),
    ("2.5", "(k + 1) // 2", rounded_up, "named"),
    ("2.5", "channels and rows padded (NHWC)", wrong_axes, "honest"),
    ("2.5", "mirror and zeros", zeros_and_mirror, "named"),
    ("2.5", "width's padding for both axes", width_for_both, "named"),
    ("2.5", "padded by the number of outputs", number_of_outputs, "named"),
    ("2.5", "true convolution", turned_kernel, "named"),
    ("2.5", "np.pad's linear_ramp", mirrored_to_a_column, "honest"),
    ("2.5", "fails for kernels of 1", one_by_one_fails, "honest"),
]

RIGHT = [
    ("2.1", "PyTorch's layers", count_by_pytorch),
    ("2.1", "as arrays", count_by_arrays),
    ("2.1", "with an if", count_with_if),
    ("2.2", "stride 1, then every stride-th", every_stride_th),
    ("2.2", "PyTorch, returns a tensor", by_pytorch),
    ("2.2", "seven loops", by_loops),
    ("2.2", "float32 result", in_float32),
    ("2.2", "sliding windows", by_windows),
    ("2.2", "reference_numpy, returns a Tensor", by_reference),
    ("2.3", "by kernel element", by_elements),
    ("2.3", "dilated g as a kernel", by_dilation),
    ("2.3", "PyTorch's autograd", by_autograd),
    ("2.3", "unit kernels", by_unit_kernels),
    ("2.4", "recursion", by_recursion),
    ("2.4", "field and jump, returns a list", by_jumps),
    ("2.4", "sets, returns an array", by_sets),
    ("2.4", "calls itself", by_self_calls),
    ("2.5", "index arithmetic", by_indices),
    ("2.5", "PyTorch, returns a tensor", by_pytorch_pad),
    ("2.5", "returns a Tensor of reference_numpy", returns_a_tensor),
    ("2.5", "own convolution", by_hand),
]
