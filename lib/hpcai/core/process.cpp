#include "hpcai/core/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "hpcai/core/threads/start.h"

extern char** environ;

namespace hpcai {
namespace {

// The arguments of execve. They are made before fork(), because no memory may be allocated between fork() and execve().
class Words {
 public:
  explicit Words(std::vector<std::string> words) : words_(std::move(words)) {
    for (std::string& word : words_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
  }
  char* const* data() const { return pointers_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

Words assignments(const Environment& environment) {
  std::vector<std::string> words;
  for (const auto& [name, value] : environment) words.push_back(name + "=" + value);
  return Words(std::move(words));
}

// Runs in the child between fork() and execve(). It calls only functions that are safe in a signal handler.
[[noreturn]] void become(const Command& command, const Words& arguments, const Words& variables, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(128 + SIGKILL);
  if (command.blocked_signals) pthread_sigmask(SIG_SETMASK, &*command.blocked_signals, nullptr);
  for (const int fd : command.kept_descriptors) fcntl(fd, F_SETFD, 0);
  const int null = open("/dev/null", O_RDONLY);
  if (null >= 0) dup2(null, STDIN_FILENO);
  if (null > STDERR_FILENO) close(null);
  if (command.output_to_stderr) dup2(STDERR_FILENO, STDOUT_FILENO);
  if (!command.output.empty()) {
    const int file = open(command.output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (file < 0) _exit(128 + SIGKILL);  // the parent has opened it a moment ago
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    if (file > STDERR_FILENO) close(file);
  }
  execve(command.program.c_str(), arguments.data(), variables.data());
  _exit(127);
}

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::string program_path() {
  std::error_code code;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", code);
  if (code) return "hpcai-train";
  const auto folder = self.parent_path();
  const auto started = folder.parent_path() / "bin" / "hpcai-train";
  return folder.filename() == "libexec" && std::filesystem::exists(started, code) ? started.string() : self.string();
}

int become_program(const std::string& program, char* const* arguments) {
  execve(program.c_str(), arguments, environ);
  return errno;
}

pid_t start_process(const Command& command) {
  // A process may inherit an ignored SIGCHLD. The kernel then discards the exit status of its children.
  struct sigaction child_ended {};
  if (sigaction(SIGCHLD, nullptr, &child_ended) == 0 && child_ended.sa_handler == SIG_IGN) signal(SIGCHLD, SIG_DFL);
  const Words arguments(command.arguments);
  const Words variables = assignments(command.environment ? *command.environment : process_environment());
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process < 0 && errno == EAGAIN) throw process_limit("cannot start a program");
  if (process < 0) throw std::runtime_error(fmt::format("cannot start a program: fork: {}", std::strerror(errno)));
  if (process == 0) become(command, arguments, variables, parent);
  setpgid(process, process);  // the parent and the child both call it, because either may run first
  return process;
}

std::optional<int> poll_process(pid_t process) {
  int status = 0;
  pid_t ended;
  do {
    ended = waitpid(process, &status, WNOHANG);
  } while (ended < 0 && errno == EINTR);
  if (ended < 0) throw std::runtime_error(fmt::format("cannot wait for process {}: {}", process, std::strerror(errno)));
  if (ended == 0) return std::nullopt;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace hpcai
