/* The filling side of the loader: claiming places, reading samples, the threads. */
#include "data/loader.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How far loader threads stand back behind compute threads. Under full load they get about a tenth of a core; when they
 * fall behind, the consumer waits, and the core it leaves is theirs. */
#define NICE 10

bool ig__loader_known(const ig__loader *loader, const ig__ref *ref) {
  return loader->known[ref->part][ref->index >> 6] >> (ref->index & 63) & 1;
}

bool ig__loader_filled(const ig__loader *loader, const ig__fill *fill) {
  bool closed = fill->claimed == loader->options.batch || loader->next == loader->count;
  return closed && fill->done == fill->claimed;
}

bool ig__loader_claim(ig__loader *loader, int length, ig__run *run) {
  if (loader->next == loader->count) return false;
  ig__fill *fill = loader->back;
  if (!fill || fill->claimed == loader->options.batch) {
    fill = loader->free;
    if (!fill) return false;
    loader->free = fill->next;
    fill->next = NULL;
    fill->claimed = fill->done = 0;
    if (loader->back) loader->back->next = fill;
    else loader->front = fill;
    loader->back = fill;
  }
  *run = (ig__run){.fill = fill, .from = fill->claimed, .scratch = loader->scratch ? loader->scratch[--loader->scratch_free] : NULL};
  while (run->count < length && fill->claimed < loader->options.batch && loader->next < loader->count) {
    fill->batch.ref[fill->claimed] = loader->ref[loader->next];
    fill->slot[fill->claimed].at = loader->next++;
    fill->claimed++;
    run->count++;
    while (loader->next < loader->count && ig__loader_known(loader, &loader->ref[loader->next])) loader->next++;
  }
  loader->active++;
  return true;
}

void ig__loader_read(ig__loader *loader, const ig__run *run) {
  const ig__source *source = loader->source;
  for (int i = run->from; i < run->from + run->count; i++) {
    if (atomic_load_explicit(&loader->stop, memory_order_relaxed)) return;
    const ig__batch *batch = &run->fill->batch;
    ig__slot *slot = &run->fill->slot[i];
    void *fields[IG__MAX_FIELDS] = {0};
    for (int f = 0; f < source->info.field_count; f++) fields[f] = (char *)batch->field[f] + (size_t)i * loader->bytes[f];
    slot->status = source->kind->read(source, batch->ref[i].part, batch->ref[i].index, fields);
    if (slot->status != IG_OK) ig__message_take(slot->message);
    else if (run->scratch)
      ig__augment_sample(loader->options.augment, loader->options.seed, loader->epoch, batch->ref[i].key, fields, run->scratch);
  }
}

void ig__loader_finish(ig__loader *loader, const ig__run *run) {
  run->fill->done += run->count;
  if (run->scratch) loader->scratch[loader->scratch_free++] = run->scratch;
  loader->active--;
  if (loader->active == 0 || (run->fill == loader->front && ig__loader_filled(loader, run->fill)))
    pthread_cond_signal(&loader->done);
}

/* Each thread that finds work wakes the next: as many wake as there is work for. */
static void wake_next(ig__loader *loader) {
  bool room = loader->free || (loader->back && loader->back->claimed < loader->options.batch);
  if (loader->sleeping && room && loader->next < loader->count) pthread_cond_signal(&loader->work);
}

void *ig__loader_thread(void *arg) {
  ig__loader *loader = arg;
  /* On Linux a priority belongs to a thread. If it cannot be lowered, the threads compete as equals: slower, not wrong. */
  pid_t id = (pid_t)syscall(SYS_gettid);
  (void)setpriority(PRIO_PROCESS, (id_t)id, getpriority(PRIO_PROCESS, (id_t)id) + NICE);
  pthread_mutex_lock(&loader->lock);
  while (!loader->quit) {
    ig__run run;
    if (!ig__loader_claim(loader, loader->run_length, &run)) {
      loader->sleeping++;
      pthread_cond_wait(&loader->work, &loader->lock);
      loader->sleeping--;
      continue;
    }
    wake_next(loader);
    pthread_mutex_unlock(&loader->lock);
    ig__loader_read(loader, &run);
    pthread_mutex_lock(&loader->lock);
    ig__loader_finish(loader, &run);
  }
  pthread_mutex_unlock(&loader->lock);
  return NULL;
}
