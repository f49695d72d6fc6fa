#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/core/append_file.h"
#include "hpcai/core/lock_file.h"

namespace hpcai {

// A folder with the numbered pieces of a result that is not whole yet: a program that is killed goes on with the pieces that are
// there. Several processes may add pieces at the same time, each to a file of its own. A piece counts if it is whole: a kill
// while it is written, or a power failure, costs that piece only.
//
// One process calls begin(). The others of the same work then use the folder too, until one process calls remove().
class PieceFolder {
 public:
  // `identity`: an object with what the pieces depend on, such as {"weights": ..., "data": ...}. Nothing is read or written yet.
  PieceFolder(std::filesystem::path folder, nlohmann::json identity);
  ~PieceFolder();
  PieceFolder(const PieceFolder&) = delete;
  PieceFolder& operator=(const PieceFolder&) = delete;

  const std::filesystem::path& path() const { return folder_; }

  // Makes the folder, or takes up what is there. It removes pieces of another identity and returns the keys that differ. The
  // folder belongs to this process until the object ends. Throws Error{cannot_write}, also if another process has begun and still
  // lives, and Error{usage} if the folder holds something else.
  std::vector<std::string> begin();

  // Finds the whole pieces of this identity. Returns their numbers in rising order.
  std::vector<int64_t> find();
  // A number that no file of the folder has yet, as find() saw it; those that follow are free too.
  int64_t free_file() const { return free_file_; }
  // Returns a piece that find() has found. Throws Error{missing_input}, and Error{bad_data} if it has changed since then.
  std::string read(int64_t piece) const;

  // Opens file `number` for add(). Throws Error{cannot_write}.
  void open_file(int64_t number);
  // Hands a piece to the kernel, so it survives the death of this process. Throws Error{cannot_write}.
  void add(int64_t piece, std::string_view bytes);

  // Removes the folder. Throws Error{cannot_write}.
  void remove();

 private:
  struct Place {
    std::filesystem::path file;
    int64_t offset = 0, bytes = 0;
    std::string digest;
  };

  void find_in(const std::filesystem::path& file);

  std::filesystem::path folder_;
  nlohmann::json identity_;
  std::unique_ptr<LockFile> lock_;
  std::unique_ptr<AppendFile> file_;
  std::map<int64_t, Place> places_;
  int64_t free_file_ = 0;
};

}  // namespace hpcai
