#ifndef IG__KERNELS_NORMAL_H
#define IG__KERNELS_NORMAL_H
/* The upper tail of the normal distribution without erf: Q(a) = e^(−a²/2)·h(a) for a ≥ 0, h(a) = p(t)·4/(a + 4), where
 * t = (a − 4)/(a + 4) (the map of Shepherd & Laframboise 1981). The polynomials p interpolate in the Chebyshev nodes of
 * a ≤ 15 (float: e^(−a²/2) is 0 beyond) and a ≤ 39 (double), computed with 60 digits; evaluated in their own type they are
 * within 2.1 units of the last place of h. So the tail keeps its relative accuracy as far as there are numbers for it. */

#define IG__NORMAL_MAP 4
#define IG__NORMAL_MOST_32 15
#define IG__NORMAL_MOST_64 39
#define IG__NORMAL_DENSITY 0.3989422804014327 /* 1/√(2π), of the density at 0 */

/* Coefficients of t⁰, t¹, … */
#define IG__NORMAL_TAIL_32                                                                                              \
  0.18882128464904824f, -0.15197414853627045f, 0.09678417076760136f, -0.046630826689441955f, 0.015101546378572948f,          \
  -0.0018813506045521362f, -0.00088024320599659354f, 0.00039172042194522618f, 4.7249129855065992e-05f,                      \
  -3.1389596400564026e-05f
#define IG__NORMAL_TAIL_64                                                                                              \
  0.18882128260393788, -0.15197416049297274, 0.096784350185551121, -0.046630464489943402, 0.015099143722843831,         \
  -0.0018850472407764675, -0.00086992309360256373, 0.00040770460139798068, 3.3336090869307535e-05,                      \
  -5.7773630874248008e-05, -4.7710440637801857e-07, 8.7856821855838722e-06, 1.7915387047869368e-07,                     \
  -1.4785950202586915e-06, -1.5693555854244134e-07, 2.5272891055186513e-07, 6.635897864914938e-08,                      \
  -3.5875185169395768e-08, -1.8871021986326752e-08, 1.8189548414198711e-09, 2.944623145408513e-09,                      \
  5.4940827314933665e-10

#endif
