# SPDX-License-Identifier: MIT
"""Symbols and parameters to numbers, after codec/FORMAT.md: quantizers, transforms, RoPE."""

import functools
import math
import statistics

import numpy as np

from format_bytes import halves, require

FP16, AFFINE, SYMMETRIC, ROTATED, COMPONENTS = range(5)
TENSOR, CHANNEL, TOKEN, GROUP = range(4)
GREATEST = np.float32(65504)


def clamp(x):
    return np.minimum(np.maximum(x, -GREATEST), GREATEST)


def to_half(x):
    return clamp(x).astype(np.float16)


@functools.cache
def levels(bits):
    """The quantizer of least squared error for N(0, 1): every level is the mean of its cell."""
    count = 1 << bits >> 1
    normal = statistics.NormalDist(0, math.sqrt(3))
    x = np.array([normal.inv_cdf(0.5 + (i + 0.5) / (2 * count)) for i in range(count)])
    nodes, weights = np.polynomial.legendre.leggauss(24)
    for _ in range(40):  # Newton's method
        edge = np.concatenate([[0], (x[1:] + x[:-1]) / 2])
        middle, half = (edge[1:] + edge[:-1]) / 2, (edge[1:] - edge[:-1]) / 2
        offset = half[:, None] * nodes
        density = weights * np.exp(-offset * (offset + 2 * middle[:, None]) / 2)  # over the middle's
        mass = density.sum(1)
        mean = middle + (density * offset).sum(1) / mass
        tail = math.exp(-edge[-1] ** 2 / 2) / math.sqrt(math.pi / 2) / math.erfc(edge[-1] / math.sqrt(2))
        slope = np.eye(count)
        for i in range(count):
            if i < count - 1:
                at = np.exp((middle[i] ** 2 - np.array([edge[i], edge[i + 1]]) ** 2) / 2) / (mass[i] * half[i])
                left, right = at[0] * (mean[i] - edge[i]) / 2, at[1] * (edge[i + 1] - mean[i]) / 2
                slope[i, i + 1] -= right
                slope[i, i] -= right
            else:
                left = tail * (tail - edge[i]) / 2
            if i > 0:
                slope[i, i] -= left
                slope[i, i - 1] -= left
        x = x - np.linalg.solve(slope, x - np.append(mean, tail))
    positive = np.array([float(f"{value:.9g}") for value in x]).astype(np.float32)
    return np.concatenate([-positive[::-1], positive])


def group_index(along, size, rows, heads, dim):
    """Which scale each number has, and how many there are."""
    row, column = np.mgrid[:rows, :heads * dim]
    if along == TENSOR:
        return 0 * row, 1
    if along == CHANNEL:
        return row // size * (heads * dim) + column, -(-rows // size) * heads * dim
    if along == TOKEN:
        return row, rows
    runs = -(-dim // size)
    return (row * heads + column // dim) * runs + column % dim // size, rows * heads * runs


def scales_of(parameters):
    scales = halves(parameters)
    require(np.isfinite(scales).all() and not np.signbit(scales).any(), "a scale that is negative or not finite")
    return scales.astype(np.float32)


def affine(symbols, parameters, index, count):
    scales = scales_of(planes(parameters, 2 * count, 0, count))
    zeros = halves(planes(parameters, 2 * count, count, count)).astype(np.float32)
    require(np.isfinite(zeros).all(), "a zero that is not finite")
    return clamp(symbols.astype(np.float32) * scales[index] + zeros[index])


def planes(data, total, begin, count):
    """Both planes of `count` of `total` numbers."""
    return data[begin:begin + count] + data[total + begin:total + begin + count]


def symmetric(symbols, alphabet, parameters, index):
    scales = scales_of(parameters)[index]
    if alphabet == 2:
        return (symbols.astype(np.float32) - np.float32(0.5)) * (np.float32(2) * scales) + np.float32(0)
    return clamp((symbols - (alphabet - 1) // 2).astype(np.float32) * scales + np.float32(0))


def split_mix(count):
    state, out, mask = 0x6b76666572727931, [], (1 << 64) - 1
    for _ in range(count):
        state = (state + 0x9e3779b97f4a7c15) & mask
        z = state
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & mask
        z = (z ^ z >> 27) * 0x94d049bb133111eb & mask
        out.append(z ^ z >> 31)
    return out


def rotated(symbols, bits, parameters, rows, heads, dim):
    norms = scales_of(parameters).reshape(rows, heads, 1)
    x = levels(bits)[symbols].reshape(rows, heads, dim)
    done = 0
    for bit in reversed(range(dim.bit_length())):
        p = 1 << bit
        if not dim & p:
            continue
        part = x[:, :, done:done + p]
        distance = 1
        while distance < p:
            pairs = part.reshape(rows, heads, -1, 2, distance)
            a, b = pairs[:, :, :, 0], pairs[:, :, :, 1]
            part = np.stack([a + b, a - b], 3).reshape(rows, heads, p)
            distance *= 2
        c = np.float32(1) / np.sqrt(np.float32(p))
        x[:, :, done:done + p] = clamp(part * (norms * c))
        done += p
    words = split_mix(-(-dim // 64))
    minus = np.array([words[i // 64] >> (i % 64) & 1 for i in range(dim)], bool)
    return np.where(minus, -x, x).reshape(rows, heads * dim)


def components(symbols, bits, variance):
    out = np.zeros(symbols.shape, np.float32)
    for k, b in enumerate(bits):
        if b:
            out[:, k] = levels(b)[symbols[:, k]] * np.sqrt(variance[k])
    return out


def from_basis(y, mean, vectors):
    x = np.broadcast_to(mean, (len(y), vectors.shape[1])).astype(np.float32)
    for k in range(len(vectors)):
        x = x + y[:, k:k + 1] * vectors[k]
    return x


def cos_sin(positions, dim, theta):
    half = dim // 2
    frequencies = []
    for i in range(half):
        factor, frequency, rest = 1 / theta, 1.0, i
        for _ in range(53):
            if rest == 0:
                break
            factor = math.sqrt(factor)
            rest *= 2
            if rest >= half:
                rest -= half
                frequency *= factor
        frequencies.append(frequency)
    angle = positions.astype(np.float64)[:, None] * np.array(frequencies)
    q = np.rint(angle * float.fromhex("0x1.45f306dc9c883p-1"))
    t = angle
    for part in ("0x1.921fb54p0", "0x1.10b461p-30", "0x1.a62633145c06ep-58"):
        t = t - q * float.fromhex(part)
    s = t * t
    c = u = np.ones_like(t)
    for n in range(14, 0, -2):
        c = 1 - (s * (1 / (n * (n - 1)))) * c
    for n in range(13, 1, -2):
        u = 1 - (s * (1 / (n * (n - 1)))) * u
    u = t * u
    turn = q.astype(np.int64) % 4
    return (np.choose(turn, [c, -u, -c, u]).astype(np.float32), np.choose(turn, [u, c, -u, -c]).astype(np.float32))


def turn_by_rope(x, positions, heads, dim, theta):
    cos, sin = (part[:, None, :] for part in cos_sin(positions, dim, theta))
    x = x.reshape(len(x), heads, dim)
    a, b = x[:, :, :dim // 2], x[:, :, dim // 2:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], 2).reshape(len(x), heads * dim)
