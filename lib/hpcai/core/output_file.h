#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/core/temporary_name.h"

// Files that a command writes whole or not at all: predictions, data, calibrations, traces, scripts. Everything goes into a
// temporary file beside the target, which then takes the target's name. A symbolic link stays; the file that it leads to is
// replaced. A device, a pipe, a socket or a folder is refused, because a rename would put a file in its place.
//
// `option` is the option of the command line that names the file. The remedies of errors name it.
namespace hpcai {

class OutputFile {
 public:
  // Makes the temporary file. Throws Error{cannot_write}.
  explicit OutputFile(const std::filesystem::path& path, std::string option = "--out");
  // Removes the temporary file, unless it has been published. A signal that ends the process does the same.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::filesystem::path& temporary() const { return temporary_.path(); }
  // The temporary file, open for reading and writing, with an advisory lock (flock) where the file system has locks.
  int descriptor() const { return descriptor_; }

  // Opens the temporary file again, after another library has replaced it. Throws Error{cannot_write}.
  void reopen();
  // Writes the whole content, in several attempts (core/attempts.h). Use either this or the descriptor. Throws
  // Error{cannot_write}.
  void write(std::string_view content);
  // Makes the file durable and gives it its name. Throws Error{cannot_write}.
  void publish();

  // Throws Error{cannot_write} with "cannot <action> <path as given>: <reason>" and a remedy.
  [[noreturn]] void fail(const std::string& action, int error) const;

 private:
  void open_temporary(int flags);

  std::filesystem::path path_;
  std::string option_;
  std::filesystem::path target_;
  TemporaryName temporary_;
  int descriptor_ = -1;
};

// Writes a whole file as OutputFile does. Throws Error{cannot_write}.
void write_output(const std::filesystem::path& path, std::string_view content, const std::string& option = "--out");

// Removes temporary files that an OutputFile of a killed process has left beside the target of `path`. It keeps those that a
// living process has locked, and all where the file system has no locks. Throws Error{cannot_write} if OutputFile would.
void remove_abandoned(const std::filesystem::path& path);

// Throws Error{cannot_write} if OutputFile would fail. Throws Error{usage} if the target is one of the files `inputs`; those that
// do not exist are no target. A command calls it before long work whose result it writes at the end.
void require_output(const std::filesystem::path& path, const std::string& option,
                    const std::vector<std::filesystem::path>& inputs = {});

}  // namespace hpcai
