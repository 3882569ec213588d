/* The consumer's side of the loader: making it, starting a pass, putting batches together (loader.h says how). */
#include "data/loader.h"

#include "base/pool.h"

#include <signal.h>
#include <string.h>

/* ---- making and freeing ---------------------------------------------------------------------------------------------- */

static ig_status make_fill(ig__loader *loader, ig__fill *fill) {
  size_t n = (size_t)loader->options.batch;
  char *messages = NULL;
  for (int f = 0; f < loader->source->info.field_count; f++)
    if (!(fill->batch.field[f] = ig__alloc(n, loader->bytes[f]))) return IG_NO_MEMORY;
  if (!(fill->batch.key = ig__alloc(n, sizeof *fill->batch.key))) return IG_NO_MEMORY;
  if (!(fill->batch.ref = ig__alloc(n, sizeof *fill->batch.ref))) return IG_NO_MEMORY;
  if (!(fill->slot = ig__alloc(n, sizeof *fill->slot))) return IG_NO_MEMORY;
  if (!(messages = ig__alloc(n, IG__MESSAGE_SIZE))) return IG_NO_MEMORY;
  for (size_t i = 0; i < n; i++) fill->slot[i].message = messages + i * IG__MESSAGE_SIZE;
  return IG_OK;
}

/* If the system grants fewer threads, fewer are used; with none the consumer reads for itself, because it helps whenever
 * it would wait. The threads take no signals: those belong to the program around us. */
static void start_threads(ig__loader *loader) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (loader->started < loader->options.threads) {
    if (ig__fault("thread")) break;
    if (pthread_create(&loader->threads[loader->started], NULL, ig__loader_thread, loader) != 0) break;
    loader->started++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* One for each thread, and one for the consumer, which may read too. */
static ig_status make_scratch(ig__loader *loader) {
  if (!loader->options.augment) return IG_OK;
  loader->scratch = ig__alloc((size_t)loader->options.threads + 1, sizeof *loader->scratch);
  if (!loader->scratch) return IG_NO_MEMORY;
  for (int i = 0; i <= loader->options.threads; i++) {
    if (!(loader->scratch[i] = ig__alloc(1, ig__augment_room(loader->options.augment)))) return IG_NO_MEMORY;
    loader->scratch_free++;
  }
  return IG_OK;
}

static ig_status make(ig__loader *loader) {
  const ig__source_info *info = &loader->source->info;
  for (int f = 0; f < info->field_count; f++) loader->bytes[f] = ig__field_bytes(&info->field[f]);
  for (int part = 0; part < IG__PARTS; part++)
    if (!(loader->known[part] = ig__alloc((size_t)info->count[part] / 64 + 1, sizeof **loader->known))) return IG_NO_MEMORY;
  if (!(loader->fills = ig__alloc((size_t)loader->options.depth + 1, sizeof *loader->fills))) return IG_NO_MEMORY;
  if (!(loader->threads = ig__alloc((size_t)loader->options.threads, sizeof *loader->threads))) return IG_NO_MEMORY;
  IG__TRY(make_scratch(loader));
  for (int i = 0; i <= loader->options.depth; i++) {
    IG__TRY(make_fill(loader, &loader->fills[i]));
    loader->fills[i].next = loader->free;
    loader->free = &loader->fills[i];
  }
  return IG_OK;
}

static void free_memory(ig__loader *loader) {
  for (int i = 0; loader->fills && i <= loader->options.depth; i++) {
    ig__fill *fill = &loader->fills[i];
    for (int f = 0; f < IG__MAX_FIELDS; f++) ig__free(fill->batch.field[f]);
    ig__free(fill->batch.key);
    ig__free(fill->batch.ref);
    if (fill->slot) ig__free(fill->slot[0].message);
    ig__free(fill->slot);
  }
  for (int part = 0; part < IG__PARTS; part++) ig__free(loader->known[part]);
  for (int i = 0; i < loader->scratch_free; i++) ig__free(loader->scratch[i]);
  ig__free(loader->scratch);
  ig__free(loader->fills);
  ig__free(loader->threads);
  ig__free(loader);
}

ig_status ig__loader_new(const ig__source *source, const ig__loader_options *options, ig__loader **out) {
  *out = NULL;
  if (options->batch < 1 || options->threads < 1 || options->depth < 1 || options->depth > 1 << 20)
    return ig__fail(IG_USAGE, "loader: batch, threads and depth are at least 1, found %d, %d, %d", options->batch,
                    options->threads, options->depth);
  ig__loader *loader = ig__alloc(1, sizeof *loader);
  if (!loader) return IG_NO_MEMORY;
  loader->source = source;
  loader->options = *options;
  /* Runs short enough that all threads share a batch, long enough that the lock is no cost where a read is a copy. */
  int length = options->batch / (2 * options->threads);
  loader->run_length = length < 1 ? 1 : length > 32 ? 32 : length;
  ig_status status = make(loader);
  if (status != IG_OK) {
    free_memory(loader);
    return status;
  }
  /* With default attributes these three cannot fail on Linux. */
  pthread_mutex_init(&loader->lock, NULL);
  pthread_cond_init(&loader->work, NULL);
  pthread_cond_init(&loader->done, NULL);
  atomic_init(&loader->stop, false);
  start_threads(loader);
  *out = loader;
  return IG_OK;
}

/* ---- starting and stopping a pass ------------------------------------------------------------------------------------ */

/* Lock held. Gives the pass up: afterwards no thread reads, and no one looks at the list. */
static void stop_pass(ig__loader *loader) {
  loader->next = loader->count = 0;
  atomic_store_explicit(&loader->stop, true, memory_order_relaxed);
  while (loader->active) pthread_cond_wait(&loader->done, &loader->lock);
  atomic_store_explicit(&loader->stop, false, memory_order_relaxed);
  loader->ref = NULL;
}

ig_status ig__loader_start(ig__loader *loader, const ig__ref *ref, int64_t count, int64_t first) {
  if (first < 0 || first > count) return ig__fail(IG_USAGE, "loader: asked to start at place %lld of %lld", (long long)first,
                                                  (long long)count);
  for (int64_t i = first; i < count; i++)
    if ((unsigned)ref[i].part >= IG__PARTS || ref[i].index < 0 || ref[i].index >= loader->source->info.count[ref[i].part])
      return ig__fail(IG_FAILED, "loader: place %lld asks for %s sample %lld, which %s does not have", (long long)i,
                      ig__part_name(ref[i].part), (long long)ref[i].index, loader->source->info.name);
  pthread_mutex_lock(&loader->lock);
  stop_pass(loader);
  loader->front = loader->back = loader->free = NULL;
  for (int i = loader->options.depth; i >= 0; i--) {
    loader->fills[i].next = loader->free;
    loader->free = &loader->fills[i];
  }
  loader->given = NULL;
  loader->at = 0;
  loader->failed = IG_OK;
  loader->waited = 0;
  loader->ref = ref;
  loader->count = count;
  loader->next = first;
  while (loader->next < count && ig__loader_known(loader, &ref[loader->next])) loader->next++;
  pthread_cond_signal(&loader->work);
  pthread_mutex_unlock(&loader->lock);
  return IG_OK;
}

void ig__loader_epoch(ig__loader *loader, int64_t epoch) {
  pthread_mutex_lock(&loader->lock);
  stop_pass(loader);
  loader->front = loader->back = NULL;
  loader->epoch = epoch;
  pthread_mutex_unlock(&loader->lock);
}

void ig__loader_free(ig__loader *loader) {
  if (!loader) return;
  pthread_mutex_lock(&loader->lock);
  stop_pass(loader);
  loader->quit = true;
  pthread_cond_broadcast(&loader->work);
  pthread_mutex_unlock(&loader->lock);
  for (int i = 0; i < loader->started; i++) pthread_join(loader->threads[i], NULL);
  pthread_cond_destroy(&loader->done);
  pthread_cond_destroy(&loader->work);
  pthread_mutex_destroy(&loader->lock);
  free_memory(loader);
}

/* ---- putting batches together ---------------------------------------------------------------------------------------- */

/* The front buffer once it is filled, NULL when the pass is over. Instead of sleeping over unclaimed places of that very
 * buffer, the consumer reads one itself; places further on are left to the threads, they would only make it late. */
static ig__fill *wait_front(ig__loader *loader) {
  ig__fill *front;
  double since = -1;
  pthread_mutex_lock(&loader->lock);
  for (;;) {
    ig__run run;
    front = loader->front;
    if (front ? ig__loader_filled(loader, front) : loader->next == loader->count) break;
    if (since < 0) since = ig__now();
    if (front == loader->back && ig__loader_claim(loader, 1, &run)) {
      pthread_mutex_unlock(&loader->lock);
      ig__loader_read(loader, &run);
      pthread_mutex_lock(&loader->lock);
      ig__loader_finish(loader, &run);
    } else {
      pthread_cond_wait(&loader->done, &loader->lock);
    }
  }
  pthread_mutex_unlock(&loader->lock);
  if (since >= 0) loader->waited += ig__now() - since;
  return front;
}

/* Takes the front buffer, all used, out of the queue. */
static void pop_front(ig__loader *loader) {
  pthread_mutex_lock(&loader->lock);
  loader->front = loader->front->next;
  if (!loader->front) loader->back = NULL;
  pthread_mutex_unlock(&loader->lock);
  loader->at = 0;
}

static void release(ig__loader *loader, ig__fill *fill) {
  pthread_mutex_lock(&loader->lock);
  fill->next = loader->free;
  loader->free = fill;
  if (loader->sleeping && loader->next < loader->count) pthread_cond_signal(&loader->work);
  pthread_mutex_unlock(&loader->lock);
}

/* Ends the pass: the list is the caller's again, and the failure is what every further call answers. */
static ig_status fail(ig__loader *loader, ig_status status, const char *message) {
  pthread_mutex_lock(&loader->lock);
  stop_pass(loader);
  pthread_mutex_unlock(&loader->lock);
  loader->failed = status;
  memcpy(loader->message, message, sizeof loader->message);
  ig__message_give(loader->message);
  return status;
}

/* A sample that could not be read: in its turn, so reports come in the order of the pass. */
static ig_status leave_out(ig__loader *loader, const ig__ref *ref, const ig__slot *slot) {
  if (slot->status != IG_BAD_DATA || loader->options.strict) return fail(loader, slot->status, slot->message);
  if (ig__loader_known(loader, ref)) return IG_OK; /* twice in one list: reported once */
  pthread_mutex_lock(&loader->lock);
  loader->known[ref->part][ref->index >> 6] |= (uint64_t)1 << (ref->index & 63);
  pthread_mutex_unlock(&loader->lock);
  loader->broken++;
  if (loader->options.broken) loader->options.broken(loader->options.user, ref, slot->message);
  return IG_OK;
}

static void move(const ig__loader *loader, ig__fill *to, int t, const ig__fill *from, int s) {
  if (to == from && t == s) return;
  for (int f = 0; f < loader->source->info.field_count; f++)
    memcpy((char *)to->batch.field[f] + (size_t)t * loader->bytes[f],
           (const char *)from->batch.field[f] + (size_t)s * loader->bytes[f], loader->bytes[f]);
  to->batch.ref[t] = from->batch.ref[s];
  to->slot[t].at = from->slot[s].at;
}

/* Gathers a batch in the buffer that its first sample is in: slots before the one being taken are free by then, since
 * samples only move up. */
static ig_status gather(ig__loader *loader, ig__fill **out) {
  ig__fill *to = NULL, *from;
  int n = 0;
  while (n < loader->options.batch && (from = wait_front(loader))) {
    if (!to) to = from;
    while (loader->at < from->claimed && n < loader->options.batch) {
      int s = loader->at++;
      if (from->slot[s].status == IG_OK) move(loader, to, n++, from, s);
      else IG__TRY(leave_out(loader, &from->batch.ref[s], &from->slot[s]));
    }
    if (loader->at < from->claimed) break; /* full, and the rest begins the next batch */
    pop_front(loader);
    if (n == 0) to = NULL; /* nothing in it was whole: begin again in the next */
    if (from != to) release(loader, from);
  }
  if (to) to->batch.n = n;
  *out = to;
  return IG_OK;
}

ig_status ig__loader_next(ig__loader *loader, const ig__batch **batch) {
  *batch = NULL;
  if (loader->failed != IG_OK) {
    ig__message_give(loader->message);
    return loader->failed;
  }
  if (loader->given) {
    release(loader, loader->given);
    loader->given = NULL;
  }
  IG__TRY(gather(loader, &loader->given));
  if (!loader->given) return IG_OK;
  ig__batch *b = &loader->given->batch;
  b->first = loader->given->slot[0].at;
  b->next = loader->given->slot[b->n - 1].at + 1;
  for (int i = 0; i < b->n; i++) b->key[i] = b->ref[i].key;
  *batch = b;
  return IG_OK;
}

double ig__loader_waited(const ig__loader *loader) { return loader->waited; }
int64_t ig__loader_broken(const ig__loader *loader) { return loader->broken; }
