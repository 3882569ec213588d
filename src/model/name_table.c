/* Names of lines, found by hash. */
#include "model/parse.h"

#include <string.h>

#define SMALLEST 64

static size_t slot_of(const ig__name_table *t, const char *key) {
  size_t i = (size_t)ig__hash(key, strlen(key), 0) & (t->slots - 1);
  while (t->slot[i] && strcmp(t->entry[t->slot[i] - 1].key, key) != 0) i = (i + 1) & (t->slots - 1);
  return i;
}

ig__named *ig__name_find(const ig__name_table *t, const char *key) {
  if (t->slots == 0) return NULL;
  uint32_t index = t->slot[slot_of(t, key)];
  return index ? &t->entry[index - 1] : NULL;
}

/* At most half of the slots are taken, so a search ends soon. */
static bool make_room(ig__name_table *t) {
  if (t->slots && t->count < t->slots / 2) return true;
  ig__name_table grown = *t;
  grown.slots = t->slots ? t->slots * 2 : SMALLEST;
  grown.slot = ig__alloc(grown.slots, sizeof *grown.slot);
  if (!grown.slot) return false;
  for (size_t i = 0; i < t->count; i++) grown.slot[slot_of(&grown, t->entry[i].key)] = (uint32_t)i + 1;
  ig__free(t->slot);
  *t = grown;
  return true;
}

ig__named *ig__name_add(ig__name_table *t, const char *key) {
  if (!make_room(t)) return NULL;
  if (ig__grow((void **)&t->entry, t->count, &t->capacity, sizeof *t->entry) != IG_OK) return NULL;
  t->slot[slot_of(t, key)] = (uint32_t)t->count + 1;
  t->entry[t->count] = (ig__named){.key = key, .line = -1, .value = -1};
  return &t->entry[t->count++];
}

void ig__name_table_free(ig__name_table *t) {
  ig__free(t->entry);
  ig__free(t->slot);
  *t = (ig__name_table){NULL, 0, 0, NULL, 0};
}
