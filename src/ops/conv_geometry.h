#ifndef IG__OPS_CONV_GEOMETRY_H
#define IG__OPS_CONV_GEOMETRY_H
/* Windows: from the options of a convolution or a pooling and the size of the picture to the ig__conv that kernels take, and
 * back. What convolutions and poolings share lies here, so that all of them pad in one way. */

#include "graph/op.h"

#define IG__PAD_SAME (-1)

/* One line of model text. k, stride, pad and dilation are height and width; a pad is a number of pixels on both sides, or
 * IG__PAD_SAME. */
typedef struct ig__conv_options {
  int filters;
  ig__pair k, stride, pad, dilation;
  int groups;
  bool bias;
  char init[64];
} ig__conv_options;

/* stride 0: as k. */
typedef struct ig__pool_options { ig__pair k, stride, pad; } ig__pool_options;

/* The three passes of a convolution. */
typedef enum ig__conv_pass { IG__CONV_FORWARD, IG__CONV_DX, IG__CONV_DW } ig__conv_pass;

/* A convolution in its lowered forms: geometry, form of its packed weights, and what is done to the output on the way. */
typedef struct ig__conv_lowered {
  ig__conv g;              /* of what is computed: the layer's own but for what a pooling leaves out */
  ig__conv whole;          /* the layer's own. Both pictures of dx have its sizes, and are zero beyond those of g */
  ig__pack form;
  int m;                   /* Winograd: the side of an output tile; 0: direct */
  int64_t count;           /* elements of the packed weights, or of a partial of their gradient */
  /* Of a forward pass: which inputs come after x and the packed weights, in this order: a factor for each channel (padded to
   * whole blocks), a bias, an image to add; and whether a relu ends it. */
  bool scale, bias, add, relu;
  bool kept;               /* a plan for inference: the packed weights are made once */
} ig__conv_lowered;

extern const ig__option ig__conv_option_table[], ig__pool_option_table[];

/* The geometry for pictures `x` (n c h w). pad=same makes ceil(size/stride) outputs; where the padding is odd, the extra row
 * or column comes at the end, as in Keras. IG_BAD_MODEL names `what` and says what does not fit. */
ig_status ig__conv_resolve(const char *what, const ig__conv_options *o, const ig__shape *x, ig__conv *g);
ig_status ig__pool_resolve(const char *what, const ig__pool_options *o, const ig__shape *x, ig__conv *g);
/* Options that resolve to this geometry: for derivative rules, which know only the geometry. */
ig__conv_options ig__conv_options_of(const ig__conv *g);
ig__pool_options ig__pool_options_of(const ig__conv *g);

/* n × c_in × h × w, n × c_out × oh × ow, and c_out × c_in/groups × kh × kw. */
ig__shape ig__conv_input_shape(const ig__conv *g, int n);
ig__shape ig__conv_output_shape(const ig__conv *g, int n);
ig__shape ig__conv_weight_shape(const ig__conv *g);
/* IG_BAD_MODEL unless input `index` of the op `what` has this shape. */
ig_status ig__expect_shape(const char *what, const ig__infer *i, int index, const ig__shape *want);

/* Rows and columns of the input up to the end of the last windows, padding before the first pixel not counted: fewer than the picture has
 * where they end before it does, more where they reach into its halo. */
ig__pair ig__conv_reach(const ig__conv *g);

/* Pixels around the input that windows reach into, on the side where they reach farthest; the same for the gradient to the
 * input, which reads around dy: only along a dimension whose stride is 1, elsewhere the kernels look at borders themselves. */
int ig__conv_halo(const ig__conv *g);
int ig__conv_dx_halo(const ig__conv *g);
double ig__conv_work(const ig__conv *g, int n);

/* Packed weights: elements; the form for a forward pass over input `x` of the plan's graph. */
int64_t ig__conv_pack_count(const ig__conv *g, ig__pack form);
ig__pack ig__conv_forward_form(const ig__conv *g, const ig__graph *graph, ig__value x);

/* The lowering of all three (conv_ways.c): appends what computes `pass` of geometry g in the way that is chosen by shape and
 * planned batch. Inputs of the node: x and w, dy and w, x and dy. */
ig_status ig__conv_lower(ig__lower *l, ig__conv_pass pass, const ig__conv *g);

/* For the lowering rules of bias (input 1 is the bias), batch normalisation with given statistics, add and relu (conv_fuse.c):
 * when the producer of input 0 is a convolution in a lowered form (of either input for add; for relu also a batch
 * normalisation) that nobody else reads, the producer does the work while it stores, out[0] is set to its output, and the
 * answer is true. Otherwise nothing is changed. The results are those of the ops one after another, to the last bit; but a
 * normalisation behind a bias is one factor and one shift for both. */
bool ig__conv_fuse_bias(ig__lower *l);
bool ig__conv_fuse_batchnorm(ig__lower *l);
bool ig__conv_fuse_add(ig__lower *l);
bool ig__conv_fuse_relu(ig__lower *l);

/* For the lowering rule of a pooling with geometry g: when its windows end before the picture does, and a convolution makes that
 * and nobody else reads it, the convolution does not compute the rest. */
void ig__conv_cut(ig__lower *l, const ig__conv *g);

/* Probes: the same geometries for a convolution and its two gradients (`groups`: with grouped ones), and for the poolings.
 * The answers live as long as the program; NULL past the last one. */
typedef struct ig__conv_probe { ig__conv g; ig__conv_options options; } ig__conv_probe;
typedef struct ig__pool_probe { ig__conv g; ig__pool_options options; } ig__pool_probe;
const ig__conv_probe *ig__conv_probe_at(int index, int *n);
const ig__pool_probe *ig__pool_probe_at(int index, int *n);

#endif
