// Training inside a C++ program: embed FOLDER [SECONDS]. Pictures come from a function of the program, training runs in a thread of its
// own, the main thread shows how far it is, cancels it after SECONDS (30), and then uses the network without a file in between.
#include <imgrad.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

// The library is C: its objects are freed by functions, which unique_ptr calls here.
struct Free {
  void operator()(ig_context *c) const { ig_context_free(c); }
  void operator()(ig_model *m) const { ig_model_free(m); }
  void operator()(ig_predictor *p) const { ig_predictor_free(p); }
};
template <class T> using Owned = std::unique_ptr<T, Free>;

constexpr int side = 16;
static const char *const names[] = {"lying", "standing"};

// The pictures: a bright bar on a noisy ground, lying or standing. Picture `index` is always the same, whoever asks in which order.
static int label(void *, ig_part, int64_t index) { return static_cast<int>(index % 2); }

static ig_status read(void *, ig_part part, int64_t index, void *pixels) {
  auto *p = static_cast<uint8_t *>(pixels);
  uint32_t random = static_cast<uint32_t>(index) * 3 + static_cast<uint32_t>(part);
  auto next = [&random] { return random = random * 1664525u + 1013904223u, random >> 24; };
  for (int i = 0; i < side * side; i++) p[i] = static_cast<uint8_t>(next() / 2);
  int at = static_cast<int>(next()) % side;
  for (int i = 0; i < side; i++) p[label(nullptr, part, index) ? i * side + at : at * side + i] = 255;
  return IG_OK;
}

// What the training thread tells the main thread. Callbacks run on the training thread.
struct Shared {
  std::atomic<int> percent{0};
  std::atomic<bool> done{false};
  ig_status status = IG_OK;
  std::string words;      // ig_last_error is a thread's own: it is taken along
  ig_train_result result{};
};

static void on_progress(void *user, const ig_progress *p) {
  const int64_t done = p->steps * (p->epoch - 1) + p->step, all = p->steps * p->epochs;
  static_cast<Shared *>(user)->percent = static_cast<int>(100 * done / all);
}

static void train(ig_context *context, const std::string &folder, Shared *shared) {
  ig_train_options options = ig_train_options_default();
  ig_train_events events{};
  events.progress = on_progress;
  events.user = shared;
  auto set = [&](const char *key, const char *value) {
    if (shared->status == IG_OK) shared->status = ig_option_set(IG_VERB_TRAIN, &options, key, value);
  };
  set("data", "bars");
  set("model", "barnet");
  set("epochs", "8");
  set("lr", "0.01");
  set("out", folder.c_str());
  if (shared->status == IG_OK) shared->status = ig_train(context, &options, &events, &shared->result);
  if (shared->status != IG_OK) shared->words = ig_last_error();
  shared->done = true;
}

static ig_status add_all(ig_context *context) {
  ig_custom_source bars{};
  bars.name = "bars";
  bars.channels = 1;
  bars.height = bars.width = side;
  bars.classes = 2;
  bars.class_name = names;
  bars.count[IG_PART_TRAIN] = 2000;
  bars.count[IG_PART_TEST] = 200;
  bars.read = read;
  bars.label = label;
  ig_status status = ig_add_source(context, &bars);
  if (status != IG_OK) return status;
  return ig_add_model(context, "barnet", "input 1 16 16\nconv2d 8 k=5 relu\nglobal_avgpool2d\ndense classes softmax\n");
}

static ig_status use(ig_context *context, const std::string &folder) {
  ig_model *m = nullptr;
  ig_predictor *p = nullptr;
  ig_status status = ig_model_open(context, folder.c_str(), &m);
  Owned<ig_model> model(m);
  if (status == IG_OK) status = ig_predictor_new(context, model.get(), nullptr, &p);
  Owned<ig_predictor> predictor(p);
  std::vector<uint8_t> pixels(side * side);
  for (int i = 0; status == IG_OK && i < 2; i++) {
    const float *answers = nullptr;
    read(nullptr, IG_PART_TEST, 2 + i, pixels.data());
    status = ig_predict_u8(predictor.get(), pixels.data(), 1, &answers);
    if (status == IG_OK)
      std::printf("a %s bar: %s with probability %.2f\n", names[i], ig_model_class(m, i), static_cast<double>(answers[i]));
  }
  return status;
}

int main(int argc, char **argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: %s FOLDER [SECONDS]\n", argv[0]), 2;
  const std::string folder = argv[1];
  const auto limit = std::chrono::duration<double>(argc > 2 ? std::atof(argv[2]) : 30);
  ig_context *c = nullptr;
  ig_status status = ig_context_new(&c, nullptr);
  Owned<ig_context> context(c);
  if (status == IG_OK) status = add_all(c);
  if (status != IG_OK) return std::fprintf(stderr, "%s\n", ig_last_error()), ig_status_exit_code(status);

  Shared shared;
  std::thread worker(train, c, folder, &shared); // the context is the worker's until it has ended
  const auto begin = std::chrono::steady_clock::now();
  while (!shared.done) {
    if (std::chrono::steady_clock::now() - begin >= limit) ig_cancel(c); // the one call that any thread may make at any time
    std::fprintf(stderr, "\r%3d %%", shared.percent.load());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  worker.join();
  std::fprintf(stderr, "\n");
  status = shared.status;
  if (status == IG_INTERRUPTED)
    std::printf("cancelled after %d epochs; the checkpoint is in %s\n", shared.result.epochs, folder.c_str());
  else if (status != IG_OK)
    return std::fprintf(stderr, "%s\n", shared.words.c_str()), ig_status_exit_code(status);
  else
    std::printf("trained: %.1f %% of the test part right\n", 100 * shared.result.test.accuracy);
  if (shared.result.best_epoch == 0) return 0; // cancelled before the first epoch ended: no weights were kept yet
  status = use(c, folder);
  if (status != IG_OK) std::fprintf(stderr, "%s\n", ig_last_error());
  return ig_status_exit_code(status);
}
