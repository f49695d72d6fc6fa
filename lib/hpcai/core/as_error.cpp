#include "hpcai/core/as_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <new>
#include <system_error>

#include "hpcai/core/memory.h"
#include "hpcai/core/open_files.h"
#include "hpcai/core/text.h"
#include "hpcai/core/threads/start.h"

namespace hpcai {
namespace {

ExitCode code_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EFBIG: return ExitCode::cannot_write;
    default: return ExitCode::missing_input;
  }
}

Error file_error(const std::filesystem::filesystem_error& failure) {
  if (is_open_file_limit(failure.code().value())) {
    return open_file_limit("cannot use " + printable(failure.path1()), failure.code().value());
  }
  std::string text = fmt::format("cannot use {}: {}", printable(failure.path1()), failure.code().message());
  if (!failure.path2().empty()) text += fmt::format(" (with {})", printable(failure.path2()));
  return {code_for(failure.code().value()), text, "Check the path and the permissions on it."};
}

Error system_error(const std::system_error& failure) {
  switch (failure.code().value()) {
    case EAGAIN: return process_limit("the system gives this program no further threads or processes");
    case EMFILE:
    case ENFILE: return open_file_limit("the system gives this program no further open files", failure.code().value());
    default: return {code_for(failure.code().value()), fmt::format("the system refused a request: {}", failure.what())};
  }
}

}  // namespace

Error as_error(const std::exception& exception) {
  if (const auto* error = dynamic_cast<const Error*>(&exception)) return *error;
  if (const auto* error = dynamic_cast<const std::filesystem::filesystem_error*>(&exception)) return file_error(*error);
  const auto* system = dynamic_cast<const std::system_error*>(&exception);
  const bool from_errno =
      system && (system->code().category() == std::generic_category() || system->code().category() == std::system_category());
  if (from_errno) return system_error(*system);
  if (dynamic_cast<const std::bad_alloc*>(&exception)) {
    char limits[100];
    describe_memory_limits(limits, sizeof limits);
    return {ExitCode::usage, std::string("out of memory") + limits,
            "Lower training.global_batch or raise training.accumulation, take a smaller network, or use more ranks. On a GPU, "
            "nvidia-smi shows what other programs hold."};
  }
  return {ExitCode::internal, exception.what()};
}

}  // namespace hpcai
