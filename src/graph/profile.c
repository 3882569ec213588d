/* The profile of a plan: counters made beforehand, one set a thread, and what they say. Reading the clock once a call of a
 * node costs 25 ns; the smallest calls of a plan take some hundred. */
#include "graph/plan_impl.h"

static void profile_free(ig__profile *profile) {
  if (!profile) return;
  for (int i = 0; profile->timer && i < profile->threads; i++) ig__free(profile->timer[i]);
  ig__free(profile->timer);
  ig__free(profile->phase_seconds);
  ig__free(profile);
}

static ig_status profile_new(const ig__plan *plan, ig__profile **out) {
  ig__profile *profile = ig__alloc(1, sizeof *profile);
  if (!profile) return IG_NO_MEMORY;
  profile->threads = plan->threads;
  profile->timer = ig__alloc((size_t)plan->threads, sizeof *profile->timer);
  profile->phase_seconds = ig__alloc(plan->phase_count, sizeof *profile->phase_seconds);
  bool ok = profile->timer && profile->phase_seconds;
  for (int i = 0; ok && i < plan->threads; i++) {
    profile->timer[i] = ig__alloc(plan->step_count, sizeof **profile->timer);
    ok = profile->timer[i] != NULL;
  }
  if (ok) *out = profile;
  else profile_free(profile);
  return ok ? IG_OK : IG_NO_MEMORY;
}

ig_status ig__plan_profile(ig__plan *plan, bool on) {
  ig__profile *old = plan->profile;
  plan->profile = NULL;
  profile_free(old);
  return on ? profile_new(plan, &plan->profile) : IG_OK;
}

size_t ig__plan_profile_rows(const ig__plan *plan) { return plan->step_count; }
size_t ig__plan_profile_phases(const ig__plan *plan) { return plan->phase_count; }

static ig__profile_row read_row(const ig__plan *plan, int phase, int step) {
  const ig__phase_step *s = &plan->step[step];
  const ig__node *node = plan->item[s->item].node;
  bool cached = (size_t)phase < plan->cached_phases, chunks = plan->phase[phase].cut == IG__CUT_CHUNKS;
  ig__profile_row row = {.line = node->line, .op = node->op->name, .order = node->order, .phase = phase};
  row.kind = cached ? IG__PROFILE_CACHED : s->finish ? IG__PROFILE_FINISH : chunks ? IG__PROFILE_CHUNKS : IG__PROFILE_PARTS;
  if (!s->finish) row.work = ig__node_work(plan, node);
  for (int t = 0; plan->profile && t < plan->profile->threads; t++) {
    row.calls += plan->profile->timer[t][step].calls;
    row.seconds += plan->profile->timer[t][step].seconds;
  }
  return row;
}

void ig__plan_profile_read(const ig__plan *plan, ig__profile_row *row, ig__profile_phase *phase) {
  for (size_t p = 0; p < plan->phase_count; p++) {
    const ig__phase *from = &plan->phase[p];
    phase[p] = (ig__profile_phase){.chunks = from->cut == IG__CUT_CHUNKS, .small = from->small, .first = from->first,
                                   .cached = p < plan->cached_phases, .count = from->count, .tasks = from->tasks,
                                   .chunk = from->chunk, .seconds = plan->profile ? plan->profile->phase_seconds[p] : 0};
    for (int s = from->first; s < from->first + from->count; s++) {
      row[s] = read_row(plan, (int)p, s);
      phase[p].busy += row[s].seconds;
    }
  }
}
