#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/data/hdf5/hdf5_array.h"

namespace hpcai::data {

// FILE or FILE:GROUP, taken apart; a file whose own name has a colon is found first.
struct Hdf5Name {
  std::string path;
  std::string group;  // empty for FILE
};
Hdf5Name split_hdf5_name(const std::string& name);

// An HDF5 file opened for reading. Files are untrusted: plugins are switched off, and links, virtual and external data
// sets and unknown filters are refused. Who opens a file first does so in try_in_child.
class Hdf5File {
 public:
  // `name` is FILE or FILE:GROUP; names of data sets are then below the group. Throws Error{missing_input} if there is no
  // such file or group, Error{bad_data} if it is not a whole HDF5 file.
  explicit Hdf5File(const std::string& name);

  // For messages.
  const std::string& name() const { return name_; }
  bool has(const std::string& data_set) const;
  // Throws Error{bad_data} unless there is a data set that Hdf5Array takes.
  Hdf5Array array(const std::string& data_set, size_t rank, NumberKind kind = NumberKind::real) const;
  // A text attribute of the file or group, or of the group `below` it: one string or several. Empty if there is none.
  std::vector<std::string> texts(const std::string& attribute, const std::string& below = "") const;
  // The names of what is in the group `below`, in the order of their bytes; at most 100,000. Throws Error{bad_data} if it is no
  // group.
  std::vector<std::string> children(const std::string& below) const;
  // Whether there is a data set of texts.
  bool has_texts(const std::string& data_set) const;
  // The texts of a data set, one or several. Empty if there is none. Throws Error{bad_data} if it holds no texts.
  std::vector<std::string> text_values(const std::string& data_set) const;
  // The one number that a data set, or an attribute of a data set, holds. Nothing if there is none, or no number, or several.
  std::optional<double> number(const std::string& data_set) const;
  std::optional<double> number(const std::string& data_set, const std::string& attribute) const;

 private:
  std::string names(const std::string& group) const;
  [[noreturn]] void refuse_link(const std::string& link) const;

  std::string name_;
  std::string group_;
  std::shared_ptr<const OpenHdf5File> open_;
};

}  // namespace hpcai::data
