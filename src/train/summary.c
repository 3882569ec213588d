/* The verb summary: shapes, parameters, multiply-adds, and the memory that plans will take, without running anything. */
#include "train/speed.h"
#include "train/summary.h"
#include "train/synthetic.h"

#include <stdio.h>
#include <string.h>

/* From a plan for one picture that only predicts. */
ig_status ig__model_work(const ig_context *context, ig__model *model, ig__line_work *out) {
  ig__graph *graph = NULL;
  ig__plan *plan = NULL;
  ig__built built;
  ig_status status = ig__graph_new(&graph, ig__core_ops_get(), 1, false);
  if (status == IG_OK) status = ig__model_build(model, graph, IG__U8, &built);
  if (status == IG_OK)
    status = ig__plan_new(&plan, &(ig__plan_request){.graph = graph, .output = &(ig__plan_output){built.output[0], -1},
                          .output_count = 1, .k = ig__kernels_for(context->isa, model->real_size),
                          .param_offset = model->param_offset, .state_offset = model->state_offset});
  for (size_t i = 0; status == IG_OK && i < model->line_count; i++)
    out[i] = (ig__line_work){*ig__shape_of(graph, built.line[i]), ig__plan_work(plan, model->line[i].name)};
  ig__plan_free(plan);
  ig__graph_free(graph);
  return status;
}

static void fill_row(const ig__model *model, size_t line, const ig__line_work *work, ig_summary_row *row) {
  const ig__line *l = &model->line[line];
  snprintf(row->name, sizeof row->name, "%s", l->name);
  snprintf(row->op, sizeof row->op, "%s", l->op ? l->op->name : "input");
  ig__shape_text(row->shape, &work->shape);
  row->macs = work->macs;
  for (size_t k = 0; k < model->param_count; k++)
    if (model->param[k].line == (int)line) row->parameters += model->param[k].count;
}

static ig_status fill_rows(const ig_context *context, ig__model *model, ig_summary_result *r) {
  ig__line_work *work = ig__alloc(model->line_count, sizeof *work);
  r->row = work ? ig__alloc(model->line_count, sizeof *r->row) : NULL;
  ig_status status = r->row ? ig__model_work(context, model, work) : IG_NO_MEMORY;
  for (size_t i = 0; status == IG_OK && i < model->line_count; i++) {
    fill_row(model, i, &work[i], &r->row[r->rows]);
    r->macs += work[i].macs;
    r->parameters += r->row[r->rows++].parameters;
  }
  ig__free(work);
  return status;
}

static ig_status fill_memory(const ig_context *context, ig__model *model, const ig_summary_options *o, ig_summary_result *r) {
  ig__source_info info;
  ig_train_options train = ig_train_options_default();
  ig__network network = {0};
  ig__updater *updater = NULL;
  ig__buffer text = {0};
  int threads = ig__pool_threads(context->pool);
  IG__TRY(ig__synthetic_info(model, &info));
  memcpy(train.optimizer, o->optimizer, sizeof train.optimizer);
  IG__TRY(ig__updater_new(context, model, &train, 1, &updater));
  uint64_t slots = (uint64_t)ig__updater_slots(updater);
  ig__updater_free(updater);
  r->weight_bytes = (uint64_t)(model->params_size + model->states_size) * (uint64_t)model->real_size;
  IG__TRY(ig__network_new(context, &(ig__network_request){.model = model, .data = &info, .conv = o->conv, .n = o->batch}, &network));
  r->inference_bytes = ig__plan_memory_of(network.plan, threads).total;
  ig__network_free(&network);
  IG__TRY(ig__network_new(context, &(ig__network_request){.model = model, .data = &info, .loss = o->loss, .n = o->batch,
                          .conv = o->conv, .training = true, .gradients = true}, &network));
  r->training_bytes = ig__plan_memory_of(network.plan, threads).total +
                      (1 + slots) * (uint64_t)model->params_size * (uint64_t)model->real_size;
  ig_status status = o->plan ? ig__plan_describe(network.plan, &text) : IG_OK;
  if (status == IG_OK && o->forecast) status = ig__forecast(context, &network, o, (int)slots, r);
  ig__network_free(&network);
  ig__buffer_add(&text, "", 1);
  if (status == IG_OK && o->plan) r->plan = text.failed ? NULL : ig__strdup((const char *)text.data);
  if (status == IG_OK && o->plan && !r->plan) status = IG_NO_MEMORY;
  ig__buffer_free(&text);
  return status;
}

ig_status ig_summary(ig_context *context, const ig_summary_options *options, ig_summary_result *result) {
  ig__model *model = NULL;
  int real_size = 0;
  *result = (ig_summary_result){.rows = 0};
  ig_status status = ig__options_check(IG_VERB_SUMMARY, options);
  if (status == IG_OK) status = ig__real_size(context, options->precision, &real_size);
  if (status == IG_OK) status = ig__model_any(context, options->model, NULL, options->classes, real_size, 0, &model);
  if (status == IG_OK) model->bf16 = ig__is_bf16(options->precision);
  if (status == IG_OK) status = ig__cancel_check(context);
  if (status == IG_OK) status = fill_rows(context, model, result);
  for (size_t i = 0; status == IG_OK && i < model->state_count; i++) result->states += model->state[i].count;
  if (status == IG_OK) status = fill_memory(context, model, options, result);
  ig__model_free(model);
  if (status != IG_OK) ig_summary_result_free(result);
  return ig__verb_end(context, status);
}

void ig_summary_result_free(ig_summary_result *result) {
  ig__free(result->row);
  ig__free(result->plan);
  *result = (ig_summary_result){.rows = 0};
}
