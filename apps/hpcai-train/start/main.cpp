// bin/hpcai-train. It answers at once what needs no LibTorch, which takes a third of a second to load. For all else it becomes
// libexec/hpcai-train, the whole program.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "ending.h"
#include "hpcai/core/error.h"
#include "hpcai/core/instruction_limit.h"
#include "hpcai/core/memory.h"
#include "hpcai/core/process.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/core/text.h"
#include "start/quick_answer.h"

namespace {

using namespace hpcai;

// Where the whole program is: ../libexec/hpcai-train.
std::filesystem::path whole_program() {
  return std::filesystem::path(program_path()).parent_path().parent_path() / "libexec" / "hpcai-train";
}

[[noreturn]] void fail_without_it(int error) {
  throw Error(
      ExitCode::missing_input, fmt::format("cannot start {}: {}", printable(whole_program()), std::strerror(error)),
      "The program consists of bin/hpcai-train and libexec/hpcai-train, side by side. Copy both folders, or build it again "
      "with scripts/build.sh --program.");
}

}  // namespace

int main(int argc, char** argv) {
  hold_stop_signals();  // the whole program heeds those that arrive until it is loaded
  auto answer = app::quick_answer(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  if (!answer) {
    ask_for_large_pages();
    pass_on_instruction_limit();
    const int error = become_program(whole_program().string(), argv);
    answer = [error]() -> int { fail_without_it(error); };
  }
  note_stop_signals();
  restore_stop_signals();
  app::begin();
  StandardOutput output;
  return app::finish(output, app::guarded(*answer));
}
