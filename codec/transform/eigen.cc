// SPDX-License-Identifier: MIT
//
// Every inner loop runs along rows, which are contiguous: the matrix is symmetric, so that its rows
// serve as columns, and eigenvectors are kept as rows.
#include "codec/transform/eigen.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace kvferry {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr int kMaxSteps = 60;  // for one eigenvalue; two or three are usual

struct Square {
  std::vector<double> data;
  std::size_t n;
  double* row(std::size_t i) { return data.data() + i * n; }
};

// to += factor * from.
void add_scaled(double factor, const double* from, std::size_t n, double* to) {
  for (std::size_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

double dot(const double* a, const double* b, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// Turns x [n] into v, and returns f, so that (I - f v vᵀ) x = (image, 0, 0, ...). f is 0 where x has
// that form already.
double make_reflection(double* x, std::size_t n, double& image) {
  const double tail = dot(x + 1, x + 1, n - 1);
  image = x[0];
  if (tail < std::numeric_limits<double>::min()) return 0;
  const double square = x[0] * x[0] + tail;
  image = -std::copysign(std::sqrt(square), x[0]);
  const double factor = 1 / (square - x[0] * image);
  x[0] -= image;
  return factor;
}

// Rows and columns from `first` on: A -= v wᵀ + w vᵀ, which is H A H for the reflection H of v.
void reflect_both_sides(Square& a, std::size_t first, const double* v, double factor) {
  const std::size_t n = a.n - first;
  std::vector<double> w(n);
  for (std::size_t i = 0; i < n; ++i) add_scaled(factor * v[i], a.row(first + i) + first, n, w.data());
  add_scaled(-0.5 * factor * dot(w.data(), v, n), v, n, w.data());
  for (std::size_t i = 0; i < n; ++i) {
    double* row = a.row(first + i) + first;
    const double vi = v[i];
    const double wi = w[i];
    for (std::size_t j = 0; j < n; ++j) row[j] -= vi * w[j] + wi * v[j];
  }
}

// The matrix with three diagonals that is similar to a.
struct Tridiagonal {
  std::vector<double> diagonal;  // [n]
  std::vector<double> beside;    // [n]; beside[i] stands between i and i + 1, the last is 0
};

// Leaves the reflections in a, vector k in row k right of the diagonal; factors [n].
Tridiagonal reduce(Square& a, std::vector<double>& factors) {
  Tridiagonal t{std::vector<double>(a.n), std::vector<double>(a.n)};
  for (std::size_t k = 0; k < a.n; ++k) {
    t.diagonal[k] = a.row(k)[k];
    if (k + 1 == a.n) break;
    double* v = a.row(k) + k + 1;
    factors[k] = make_reflection(v, a.n - k - 1, t.beside[k]);
    if (factors[k] != 0) reflect_both_sides(a, k + 1, v, factors[k]);
  }
  return t;
}

// The product of the reflections, transposed: its rows turn into eigenvectors.
Square transposed_product(Square& a, const std::vector<double>& factors) {
  Square q{std::vector<double>(a.n * a.n), a.n};
  for (std::size_t i = 0; i < a.n; ++i) q.row(i)[i] = 1;
  std::vector<double> w(a.n);
  for (std::size_t k = a.n; k-- > 0;) {
    if (factors[k] == 0) continue;
    const std::size_t first = k + 1;
    const std::size_t n = a.n - first;
    const double* v = a.row(k) + first;
    std::fill_n(w.begin(), n, 0.0);
    for (std::size_t i = 0; i < n; ++i) add_scaled(v[i], q.row(first + i) + first, n, w.data());
    for (std::size_t i = 0; i < n; ++i) add_scaled(-factors[k] * v[i], w.data(), n, q.row(first + i) + first);
  }
  for (std::size_t i = 0; i < a.n; ++i) {
    for (std::size_t j = 0; j < i; ++j) std::swap(q.row(i)[j], q.row(j)[i]);
  }
  return q;
}

// Rows a and b become c a - s b and s a + c b.
void rotate(double c, double s, double* a, double* b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double x = a[i];
    const double y = b[i];
    a[i] = c * x - s * y;
    b[i] = s * x + c * y;
  }
}

// One implicit QL step on rows l .. m, which chases a bulge from the bottom to the top. vectors may be null.
void ql_step(Tridiagonal& t, std::size_t l, std::size_t m, Square* vectors) {
  std::vector<double>& d = t.diagonal;
  std::vector<double>& e = t.beside;
  const double half_gap = (d[l + 1] - d[l]) / (2 * e[l]);
  const double root = std::sqrt(half_gap * half_gap + 1);
  double g = d[m] - d[l] + e[l] / (half_gap + std::copysign(root, half_gap));
  double sine = 1;
  double cosine = 1;
  double shift = 0;
  for (std::size_t i = m; i-- > l;) {
    const double f = sine * e[i];
    const double b = cosine * e[i];
    const double r = std::sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r == 0) {  // the matrix falls apart here
      d[i + 1] -= shift;
      e[m] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    const double from = d[i + 1] - shift;
    const double turn = (d[i] - from) * sine + 2 * cosine * b;
    shift = sine * turn;
    d[i + 1] = from + shift;
    g = cosine * turn - b;
    if (vectors != nullptr) rotate(cosine, sine, vectors->row(i), vectors->row(i + 1), vectors->n);
  }
  d[l] -= shift;
  e[l] = g;
  e[m] = 0;
}

// Where the block that begins at l ends: at the first neighbour small against the whole matrix.
std::size_t block_end(const Tridiagonal& t, std::size_t l, double negligible) {
  std::size_t m = l;
  while (m + 1 < t.diagonal.size() && !(std::abs(t.beside[m]) <= negligible)) ++m;
  return m;
}

void make_diagonal(Tridiagonal& t, Square* vectors) {
  double norm = 0;
  for (std::size_t i = 0; i < t.diagonal.size(); ++i) {
    norm = std::max(norm, std::abs(t.diagonal[i]) + std::abs(t.beside[i]));
  }
  for (std::size_t l = 0; l < t.diagonal.size(); ++l) {
    for (int step = 0; step < kMaxSteps; ++step) {
      const std::size_t m = block_end(t, l, kEpsilon * norm);
      if (m == l) break;
      ql_step(t, l, m, vectors);
    }
  }
}

}  // namespace

SymmetricEigen eigen_symmetric(std::vector<double> matrix, std::size_t n, EigenVectors wanted) {
  assert(matrix.size() == n * n);
  Square a{std::move(matrix), n};
  std::vector<double> factors(n);
  Tridiagonal t = reduce(a, factors);
  Square vectors{{}, n};
  if (wanted == EigenVectors::kCompute) vectors = transposed_product(a, factors);
  make_diagonal(t, wanted == EigenVectors::kCompute ? &vectors : nullptr);

  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&t](std::size_t x, std::size_t y) { return t.diagonal[x] > t.diagonal[y]; });
  SymmetricEigen eigen;
  for (const std::size_t i : order) {
    eigen.values.push_back(t.diagonal[i]);
    if (!vectors.data.empty()) {
      eigen.vectors.insert(eigen.vectors.end(), vectors.row(i), vectors.row(i) + n);
    }
  }
  return eigen;
}

}  // namespace kvferry
