#include "hpcai/core/ask_program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "hpcai/core/text.h"

namespace hpcai {
namespace {

constexpr size_t kMostBytes = size_t{64} << 20;

}  // namespace

ProgramAnswer ask_program(const std::vector<std::string>& command) {
  FILE* pipe = popen((shell_line(command) + " 2>&1 </dev/null").c_str(), "r");
  if (!pipe) return {127, "cannot start a shell"};
  ProgramAnswer answer;
  std::array<char, 4096> buffer{};
  while (const size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) {
    answer.text.append(buffer.data(), std::min(count, kMostBytes - answer.text.size()));
  }
  const int status = pclose(pipe);
  answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  while (!answer.text.empty() && answer.text.back() == '\n') answer.text.pop_back();
  return answer;
}

std::string find_in_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0 ? program : "";
  const char* const folders = std::getenv("PATH");
  if (!folders) return "";
  for (const std::string_view folder : split(folders, ':')) {
    std::string path = (folder.empty() ? "." : std::string(folder)) + "/" + program;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

}  // namespace hpcai
