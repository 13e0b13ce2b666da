package drift

import "math"

// exactRows is the size of the larger sample up to which p-values of the two-sample
// Kolmogorov-Smirnov test are exact, as in scipy.
const exactRows = 10_000

// kolmogorovSmirnov returns the largest difference D of the two distribution
// functions and its p-value: exact up to 10,000 rows a side, else from the
// distribution of the one-sample statistic of nm/(n+m) rows, as scipy does it.
func kolmogorovSmirnov(reference, current *Sample) (d, p float64) {
	n, m := len(reference.sorted), len(current.sorted)
	reach := reachOf(reference.sorted, current.sorted)
	d = float64(reach) / float64(n) / float64(m)
	if max(n, m) <= exactRows {
		return d, exactTail(n, m, reach)
	}
	en := reference.n * current.n / (reference.n + current.n)
	return d, kolmogorovTail(int(math.RoundToEven(en)), d)
}

// reachOf is n·m·D, a whole number.
func reachOf(a, b []float64) int64 {
	n, m := int64(len(a)), int64(len(b))
	var i, j, reach int64
	for i < n && j < m {
		x := min(a[i], b[j])
		for i < n && a[i] <= x {
			i++
		}
		for j < m && b[j] <= x {
			j++
		}
		reach = max(reach, i*m-j*n, j*n-i*m)
	}
	return reach
}

// exactTail is P(n·m·D ≥ reach) when both samples come from one continuous
// distribution: the chance that a random path from (0,0) to (n,m) touches the lines
// |i·m − j·n| = reach (J. L. Hodges: The significance probability of the Smirnov
// two-sample test, 1958). v[j] is that chance given that the path leads through
// (i,j); counting the touching paths rather than the others keeps small p-values.
// Cost: about n·m·D cells.
func exactTail(n, m int, reach int64) float64 {
	if n == 0 || m == 0 || reach <= 0 {
		return 1
	}
	v := make([]float64, m+1)
	for i := range n + 1 {
		centre := int64(i) * int64(m)
		low := max((centre-reach)/int64(n), 0)
		high := min((centre+reach)/int64(n)+1, int64(m))
		if low > 0 {
			v[low-1] = 1 // beyond the band
		}
		for j := low; j <= high; j++ {
			apart := centre - j*int64(n)
			switch {
			case apart >= reach || -apart >= reach:
				v[j] = 1
			case i == 0 && j == 0:
				v[j] = 0
			case i == 0:
				v[j] = v[j-1]
			case j == 0:
				// v[0] is that of the row below
			default:
				v[j] = (v[j]*float64(i) + v[j-1]*float64(j)) / float64(int64(i)+j)
			}
		}
		if high < int64(m) {
			v[high+1] = 1 // the next row comes from below here
		}
	}
	return clamp(v[m])
}

// kolmogorovTail is P(D_n ≥ d) of the two-sided one-sample statistic: exact for
// n ≤ 140 and in the upper tail, else by the expansion of Pelz and Good, after
// R. Simard, P. L'Ecuyer: Computing the two-sided Kolmogorov-Smirnov distribution, 2011.
func kolmogorovTail(n int, d float64) float64 {
	x := float64(n) * d * d
	switch {
	case n < 1 || float64(n)*d <= 0.5:
		return 1
	case d >= 1:
		return 0
	case d >= 0.5 || x >= 2.2 && n > 140 || x >= 4:
		return clamp(2 * oneSidedTail(n, d))
	case n <= 140 || float64(n)*math.Pow(d, 1.5) <= 1.4 && n <= 10_000:
		return clamp(1 - marsaglia(n, d))
	}
	return clamp(1 - pelzGood(float64(n), d))
}

// oneSidedTail is P(D⁺_n ≥ d), by Smirnov's sum, or for many rows by its expansion
// exp(−2·(n·d+1/6)²/n).
func oneSidedTail(n int, d float64) float64 {
	rows := float64(n)
	if n > 100_000 {
		t := rows*d + 1.0/6
		return math.Exp(-2 * t * t / rows)
	}
	whole, _ := math.Lgamma(rows + 1)
	total := 0.0
	for j := 0; float64(j) <= rows*(1-d); j++ {
		k := float64(j)
		rest := 1 - d - k/rows
		if rest <= 0 {
			break
		}
		a, _ := math.Lgamma(k + 1)
		b, _ := math.Lgamma(rows - k + 1)
		total += math.Exp(whole - a - b + (k-1)*math.Log(d+k/rows) + (rows-k)*math.Log(rest))
	}
	return d * total
}

// marsaglia is P(D_n < d) by the power of a matrix (G. Marsaglia, W. W. Tsang,
// J. Wang: Evaluating Kolmogorov's distribution, 2003).
func marsaglia(n int, d float64) float64 {
	k := int(float64(n)*d) + 1
	size := 2*k - 1
	h := float64(k) - float64(n)*d
	m := make([]float64, size*size)
	for i := range size {
		for j := range size {
			if i-j+1 >= 0 {
				m[i*size+j] = 1
			}
		}
	}
	for i := range size {
		m[i*size] -= math.Pow(h, float64(i+1))
		m[(size-1)*size+i] -= math.Pow(h, float64(size-i))
	}
	if 2*h-1 > 0 {
		m[(size-1)*size] += math.Pow(2*h-1, float64(size))
	}
	for i := range size {
		for j := range size {
			for g := 1; g <= i-j+1; g++ {
				m[i*size+j] /= float64(g)
			}
		}
	}
	q, exponent := power(m, size, n)
	s := q[(k-1)*size+k-1]
	for i := 1; i <= n; i++ {
		s *= float64(i) / float64(n)
		if s < 1e-140 {
			s *= 1e140
			exponent -= 140
		}
	}
	return s * math.Pow(10, float64(exponent))
}

// power returns mⁿ·10^−exponent.
func power(m []float64, size, n int) (q []float64, exponent int) {
	if n == 1 {
		return m, 0
	}
	half, e := power(m, size, n/2)
	q, exponent = multiply(half, half, size), 2*e
	if n%2 == 1 {
		q = multiply(q, m, size)
	}
	if q[(size/2)*size+size/2] > 1e140 {
		for i := range q {
			q[i] *= 1e-140
		}
		exponent += 140
	}
	return q, exponent
}

func multiply(a, b []float64, size int) []float64 {
	out := make([]float64, size*size)
	for i := range size {
		for k := range size {
			f := a[i*size+k]
			for j := range size {
				out[i*size+j] += f * b[k*size+j]
			}
		}
	}
	return out
}

// pelzGood is P(D_n < d) by the expansion of W. Pelz and I. J. Good (Approximating
// the lower tail-areas of the Kolmogorov-Smirnov one-sample statistic, 1976) to the
// order n^−3/2.
func pelzGood(n, d float64) float64 {
	z := math.Sqrt(n) * d
	z2, z4, z6 := z*z, math.Pow(z, 4), math.Pow(z, 6)
	const pi2 = math.Pi * math.Pi
	var k0, k1, k2, k3 float64
	for i := range 40 {
		a := (float64(i) + 0.5) * (float64(i) + 0.5)
		q := math.Exp(-pi2 * a / (2 * z2))
		k0 += q
		k1 += q * (pi2*a - z2)
		k2 += q * (6*z6 + 2*z4 + pi2*(2*z4-5*z2)*a + pi2*pi2*(1-2*z2)*a*a)
		k3 += q * (-30*z6 - 90*math.Pow(z, 8) + pi2*(135*z4-96*z6)*a + pi2*pi2*(212*z4-60*z2)*a*a +
			pi2*pi2*pi2*(5-30*z2)*a*a*a)
	}
	root := math.Sqrt(2 * math.Pi)
	k0 *= root / z
	k1 *= root / (6 * z4)
	k2 *= root / (72 * math.Pow(z, 7))
	k3 *= root / (6480 * math.Pow(z, 10))
	var e2, e3 float64
	for i := 1; i <= 40; i++ {
		a := float64(i * i)
		q := math.Exp(-pi2 * a / (2 * z2))
		e2 += q * a
		e3 += q * (3*pi2*a*z2 - pi2*pi2*a*a)
	}
	k2 -= e2 * pi2 * root / (36 * math.Pow(z, 3))
	k3 += e3 * root / (216 * z6)
	return k0 + k1/math.Sqrt(n) + k2/n + k3/(n*math.Sqrt(n))
}
