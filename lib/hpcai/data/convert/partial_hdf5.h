#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hpcai/core/append_file.h"
#include "hpcai/data/hdf5/hdf5_writer.h"

namespace hpcai::data {

// An HDF5 file that is filled in pieces, over several runs of the program if some are killed. It is NAME.partial until it is
// whole; NAME.partial.log lists the pieces that are done. Equal contents give equal bytes, whatever the number of runs. All
// functions throw Error{cannot_write}.
class PartialHdf5 {
 public:
  // Goes on with the partial file of the same `identity` if there is one and `resume` asks for it; otherwise makes it anew. The
  // room on the disk is checked. Throws Error{cannot_resume} if `resume` finds a file of another identity.
  PartialHdf5(const std::filesystem::path& path, const std::vector<NewArray>& arrays,
              const std::vector<NamedAttribute>& attributes, const std::string& identity, int64_t pieces, bool resume);
  ~PartialHdf5();
  PartialHdf5(const PartialHdf5&) = delete;
  PartialHdf5& operator=(const PartialHdf5&) = delete;

  bool is_done(int64_t piece) const { return done_[static_cast<size_t>(piece)] != 0; }
  int64_t count_done() const;
  // As Hdf5Writer::write_row; by any number of threads.
  void write_row(size_t array, int64_t row, const void* values);
  // All rows of the piece are written; by any number of threads. Pieces are recorded some at a time.
  void mark_done(int64_t piece);
  // Makes the file durable and gives it its name.
  void finish();

 private:
  bool take_up(const std::string& identity);
  void begin(const std::vector<NewArray>& arrays, const std::vector<NamedAttribute>& attributes, const std::string& identity);
  void record();

  std::filesystem::path path_, partial_, log_path_;
  int descriptor_ = -1;
  std::vector<Hdf5Writer::Place> places_;
  std::vector<char> done_;
  std::mutex mutex_;
  std::vector<int64_t> unrecorded_;
  std::unique_ptr<AppendFile> log_;
};

}  // namespace hpcai::data
