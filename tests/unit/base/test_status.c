/* Statuses and messages. */
#include "base/status.h"
#include "test.h"

#include <pthread.h>

TEST(names_texts_and_exit_codes) {
  CHECK_STR(ig_status_name(IG_OK), "ok");
  CHECK_STR(ig_status_name(IG_BAD_DATA), "bad_data");
  CHECK_STR(ig_status_text(IG_NO_MEMORY), "out of memory");
  CHECK_INT(ig_status_exit_code(IG_OK), 0);
  CHECK_INT(ig_status_exit_code(IG_BELOW_BAR), 8);
  CHECK_INT(ig_status_exit_code(IG_TERMINATED), 143);
  const int strange[] = {-1, IG_STATUS_COUNT, 1 << 30};
  for (int i = 0; i < 3; i++) {
    CHECK_STR(ig_status_name((ig_status)strange[i]), "unknown");
    CHECK_STR(ig_status_text((ig_status)strange[i]), "unknown status");
    CHECK_INT(ig_status_exit_code((ig_status)strange[i]), 1);
  }
}

TEST(fail_sets_the_message_and_returns) {
  CHECK_STATUS(ig__fail(IG_IO, "%s: %d", "a.png", 7), IG_IO);
  CHECK_STR(ig_last_error(), "a.png: 7");
  CHECK_STATUS(ig__fail(IG_IO, "again: %s", ig_last_error()), IG_IO); /* may quote itself */
  CHECK_STR(ig_last_error(), "again: a.png: 7");
}

TEST(fail_at_puts_the_place_in_front) {
  ig__fail(IG_USAGE, "unknown word");
  CHECK_STATUS(ig__fail_at(IG_USAGE, "%s:%d", "model.txt", 7), IG_USAGE);
  CHECK_STR(ig_last_error(), "model.txt:7: unknown word");
  ig__fail_at(IG_USAGE, "recipe: ");
  CHECK_STR(ig_last_error(), "recipe: model.txt:7: unknown word");
  CHECK_STATUS(ig__fail_at(IG_OK, "nothing"), IG_OK);
  CHECK_STR(ig_last_error(), "recipe: model.txt:7: unknown word");
}

TEST(a_long_message_is_cut_between_characters) {
  char text[2000];
  for (int shift = 0; shift < 4; shift++) {
    memset(text, 'a', (size_t)shift);
    for (int i = 0; i < 600; i++) memcpy(text + shift + i * 3, "猫", 3);
    text[shift + 1800] = 0;
    ig__fail(IG_FAILED, "%s", text);
    size_t length = strlen(ig_last_error());
    CHECK(length <= IG__MESSAGE_SIZE - 1 && length >= IG__MESSAGE_SIZE - 3);
    CHECK_INT((length - (size_t)shift) % 3, 0);
    CHECK(memcmp(ig_last_error(), text, length) == 0);
    ig__fail_at(IG_FAILED, "%s", "犬");
    length = strlen(ig_last_error());
    CHECK_INT((length - (size_t)shift - 5) % 3, 0);
  }
  memset(text, 'b', 1023);
  text[1023] = 0;
  ig__fail(IG_FAILED, "%s", text);
  CHECK_INT(strlen(ig_last_error()), 1023);
  memcpy(text + 1020, "猫", 3); /* just fits */
  ig__fail(IG_FAILED, "%s", text);
  CHECK_STR(ig_last_error(), text);
}

TEST(the_message_is_utf8_without_control_characters) {
  ig__fail(IG_FAILED, "%s", "a\xFF" "b\xC3(\xE7\x8C.\x1B[2J\x7F\xC2\x9B\xED\xA0\x80\xC0\xAF ä\n\tz");
  CHECK_STR(ig_last_error(), "a?b?(??.?[2J???????? ä\n\tz");
  ig__fail(IG_FAILED, "%s", "ends in a torn character \xE7\x8C");
  CHECK_STR(ig_last_error(), "ends in a torn character ??");
}

static void *other_thread(void *taken) {
  bool empty = ig_last_error()[0] == 0;
  ig__fail(IG_IO, "from the other thread");
  ig__message_take(taken);
  return empty ? taken : NULL;
}

TEST(messages_belong_to_threads_and_can_be_carried) {
  char taken[IG__MESSAGE_SIZE];
  pthread_t thread;
  void *result;
  ig__fail(IG_IO, "mine");
  CHECK_INT(pthread_create(&thread, NULL, other_thread, taken), 0);
  CHECK_INT(pthread_join(thread, &result), 0);
  CHECK(result == taken);
  CHECK_STR(ig_last_error(), "mine");
  ig__message_give(taken);
  CHECK_STR(ig_last_error(), "from the other thread");
  ig__message_give(NULL);
  CHECK_STR(ig_last_error(), "");
}
