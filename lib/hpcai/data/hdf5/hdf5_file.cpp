#include "hpcai/data/hdf5/hdf5_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_handles.h"
#include "hpcai/data/hdf5/hdf5_type.h"

namespace hpcai::data {
namespace {

bool is_there(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

std::unique_ptr<H5::H5File> open_with(const std::string& path, bool locking) {
  H5::FileAccPropList access;
  H5Pset_file_locking(access.getId(), locking, true);
  return std::make_unique<H5::H5File>(path, H5F_ACC_RDONLY, H5::FileCreatPropList::DEFAULT, access);
}

// The library locks files so that nobody reads what is being written. Some network file systems cannot lock: then it
// is done without, since this program only reads.
std::unique_ptr<H5::H5File> open_library_file(const std::string& path) {
  try {
    return open_with(path, true);
  } catch (const H5::Exception&) {
    const Hdf5Failure failure = last_hdf5_failure();
    if (failure.reason.find("unable to lock file") == std::string::npos) refuse_for_failure(printable(path), path);
    if (failure.system_error == EAGAIN) {
      refuse_data(printable(path), "another program has it open for writing",
                  "Wait until it is done, or end it. If there is none, a lock was left behind on a network file system: set "
                  "HDF5_USE_FILE_LOCKING=FALSE in the environment.");
    }
  }
  try {
    return open_with(path, false);
  } catch (const H5::Exception&) {
    refuse_data(printable(path), "cannot be opened: " + printable(last_hdf5_failure().reason),
                "If the file system cannot lock files, set HDF5_USE_FILE_LOCKING=FALSE in the environment.");
  }
}

// The text behind a soft link, or "FILE: PATH" behind an external one; empty if it cannot be told.
std::string link_target(const H5::H5File& file, const std::string& link, const H5L_info_t& info) {
  if (info.u.val_size == 0 || info.u.val_size > (1 << 16)) return "";
  std::string value(info.u.val_size, '\0');
  if (H5Lget_val(file.getId(), link.c_str(), value.data(), value.size(), H5P_DEFAULT) < 0) return "";
  if (info.type == H5L_TYPE_SOFT) return printable(value.c_str());
  const char *name = nullptr, *path = nullptr;
  unsigned flags = 0;
  if (info.type != H5L_TYPE_EXTERNAL || H5Lunpack_elink_val(value.data(), value.size(), &flags, &name, &path) < 0) return "";
  return fmt::format("{} in the file {}", printable(path), printable(name));
}

// Where a path of the file leads.
struct Place {
  bool exists = false;
  std::string link;  // the first part of the path that is no hard link, if any; it is not followed
};

Place find_place(const H5::H5File& file, const std::string& path) {
  for (size_t end = 0; end != std::string::npos && !path.empty();) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    H5L_info_t info;
    try {
      if (!file.nameExists(part)) return {};
    } catch (const H5::Exception&) {
      return {};
    }
    if (H5Lget_info(file.getId(), part.c_str(), &info, H5P_DEFAULT) < 0) return {};
    if (info.type != H5L_TYPE_HARD) return {true, part};
    if (end != std::string::npos && end + 1 == path.size()) break;
  }
  return {true, ""};
}

// Whether a soft link, that stands in the group before its last '/', leads to something in this file.
bool leads_somewhere(const H5::H5File& file, const std::string& link, const std::string& target) {
  const size_t slash = link.rfind('/');
  const bool absolute = target.starts_with('/') || slash == std::string::npos;
  return find_place(file, absolute ? target : link.substr(0, slash + 1) + target).exists;
}

constexpr hssize_t kMostTexts = 10000000;

// A data set whose values are read at once. Throws Error{bad_data} if they lie in other files.
H5::DataSet open_small(const H5::H5File& file, const std::string& path, const std::string& where) {
  H5::DataSet opened = file.openDataSet(path);
  const H5::DSetCreatPropList properties = opened.getCreatePlist();
  if (properties.getLayout() == H5D_VIRTUAL || properties.getExternalCount() > 0) {
    refuse_data(where, "its values are in other files (a virtual or external data set), which is not followed", kLayoutRemedy);
  }
  return opened;
}

// The texts of an attribute or a data set; `read` reads its values of the type given into memory.
std::vector<std::string> read_texts(const H5::StrType& type, size_t count, const std::function<void(void*)>& read) {
  std::vector<std::string> texts;
  if (type.isVariableStr()) {
    std::vector<char*> pointers(count, nullptr);
    read(pointers.data());
    for (char* pointer : pointers) {
      texts.emplace_back(pointer != nullptr ? pointer : "");
      H5free_memory(pointer);
    }
    return texts;
  }
  const size_t width = type.getSize();
  std::string buffer(count * width, '\0');
  read(buffer.data());
  const bool padded = type.getStrpad() == H5T_STR_SPACEPAD;  // as Fortran writes
  for (size_t i = 0; i < count; ++i) {
    std::string& text = texts.emplace_back(buffer.substr(i * width, width).c_str());
    if (padded) text.erase(text.find_last_not_of(' ') + 1);
  }
  return texts;
}

// The value of an attribute or a data set; nothing unless it is one number.
template <class Opened>
std::optional<double> read_number(const Opened& opened, const std::function<void(void*)>& read) {
  const H5T_class_t type = opened.getTypeClass();
  if ((type != H5T_INTEGER && type != H5T_FLOAT) || opened.getSpace().getSimpleExtentNpoints() != 1) return std::nullopt;
  double value = 0;
  read(&value);
  return value;
}

}  // namespace

Hdf5Name split_hdf5_name(const std::string& name) {
  const size_t colon = name.rfind(':');
  if (is_there(name) || colon == std::string::npos || !is_there(name.substr(0, colon))) return {name, ""};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

Hdf5File::Hdf5File(const std::string& name) : name_(printable(name)) {
  const Hdf5Name parts = split_hdf5_name(name);
  group_ = parts.group;
  auto handle = std::make_shared<OpenHdf5File>(parts.path);
  {
    const Hdf5Lock lock;
    handle->file = open_library_file(parts.path);
    handle->user_block = handle->file->getCreatePlist().getUserblock() != 0;
  }
  open_ = handle;
  if (!group_.empty() && !has("")) {
    throw Error(ExitCode::missing_input, fmt::format("{} has no group {}", printable(parts.path), printable(group_)),
                fmt::format("There is {}.", names("/")));
  }
  if (!group_.empty()) group_ += '/';
}

void Hdf5File::refuse_link(const std::string& link) const {
  H5L_info_t info{};
  H5Lget_info(open_->file->getId(), link.c_str(), &info, H5P_DEFAULT);
  const std::string target = link_target(*open_->file, link, info);
  const std::string what = fmt::format("{} is a link to {}", printable(link), target.empty() ? "another place" : target);
  if (info.type == H5L_TYPE_SOFT && !leads_somewhere(*open_->file, link, target)) {
    refuse_data(name_, what + ", where nothing is", "Make the file again with the values in it.");
  }
  refuse_data(name_, what + "; links are not followed", rewrite_remedy(open_->path));
}

bool Hdf5File::has(const std::string& data_set) const {
  const Hdf5Lock lock;
  const Place place = find_place(*open_->file, group_ + data_set);
  if (!place.link.empty()) refuse_link(place.link);
  return place.exists;
}

// What is in a group, for messages.
std::string Hdf5File::names(const std::string& group) const {
  std::vector<std::string> names;
  hsize_t count = 0;
  try {
    const Hdf5Lock lock;
    const H5::Group opened = open_->file->openGroup(group);
    count = opened.getNumObjs();
    for (hsize_t i = 0; i < std::min<hsize_t>(count, 8); ++i) names.push_back(printable(opened.getObjnameByIdx(i), 60));
  } catch (const H5::Exception&) {
    return "nothing readable";
  }
  if (names.empty()) return "nothing";
  return fmt::format("{}{}", fmt::join(names, ", "),
                     count > names.size() ? fmt::format(" and {} more", count - names.size()) : "");
}

Hdf5Array Hdf5File::array(const std::string& data_set, size_t rank, NumberKind kind) const {
  if (!has(data_set)) {
    refuse_data(name_, fmt::format("has no data set {}; there is {}", printable(data_set), names(group_.empty() ? "/" : group_)),
                kLayoutRemedy);
  }
  const std::string path = group_ + data_set, where = fmt::format("{}, data set {}", name_, printable(data_set));
  const auto type = [&] {
    const Hdf5Lock lock;
    try {
      return open_->file->childObjType(path);
    } catch (const H5::Exception&) {
      refuse_for_failure(where, open_->path);
    }
  }();
  if (type == H5O_TYPE_GROUP) {
    refuse_data(
        name_, fmt::format("{} is a group, not a data set; in it is {}", printable(path), names(path)),
        fmt::format("If the data sets are in there, give the group too: {}:{}.", printable(open_->path), printable(path)));
  }
  if (type != H5O_TYPE_DATASET) refuse_data(name_, fmt::format("{} is no data set", printable(path)), kLayoutRemedy);
  return {open_, path, where, rank, kind};
}

std::vector<std::string> Hdf5File::texts(const std::string& attribute, const std::string& below) const {
  if (!below.empty() && !has(below)) return {};
  const Hdf5Lock lock;
  const auto refuse = [&](const std::string& reason) {
    refuse_data(name_, fmt::format("attribute {} is not a list of names{}", attribute, reason), kLayoutRemedy);
  };
  try {
    const std::string path = group_ + below;
    const H5::Group group = open_->file->openGroup(path.empty() ? "/" : path);
    if (!group.attrExists(attribute)) return {};
    const H5::Attribute opened = group.openAttribute(attribute);
    const auto count = opened.getSpace().getSimpleExtentNpoints();
    if (count == 0) return {};  // h5py stores an empty list as one of numbers
    if (opened.getTypeClass() != H5T_STRING || count > kMostTexts) refuse("");
    const H5::StrType type = opened.getStrType();
    return read_texts(type, static_cast<size_t>(count), [&](void* out) { opened.read(type, out); });
  } catch (const H5::Exception&) {
    refuse(": " + printable(last_hdf5_failure().reason));
  }
  return {};
}

std::vector<std::string> Hdf5File::children(const std::string& below) const {
  constexpr hsize_t kMostChildren = 100'000;
  if (!has(below)) refuse_data(name_, fmt::format("has no group {}", printable(below)), kLayoutRemedy);
  const Hdf5Lock lock;
  try {
    const H5::Group group = open_->file->openGroup(group_ + below);
    const hsize_t count = group.getNumObjs();
    if (count > kMostChildren) refuse_data(name_, fmt::format("has {} entries in {}", count, printable(below)), kLayoutRemedy);
    std::vector<std::string> names;
    for (hsize_t i = 0; i < count; ++i) names.push_back(group.getObjnameByIdx(i));
    std::sort(names.begin(), names.end());
    return names;
  } catch (const H5::Exception&) {
    refuse_data(name_, fmt::format("{} is no group that can be read", printable(below)), kLayoutRemedy);
  }
}

bool Hdf5File::has_texts(const std::string& data_set) const {
  if (!has(data_set)) return false;
  const Hdf5Lock lock;
  try {
    return open_->file->openDataSet(group_ + data_set).getTypeClass() == H5T_STRING;
  } catch (const H5::Exception&) {
    return false;
  }
}

std::vector<std::string> Hdf5File::text_values(const std::string& data_set) const {
  const std::string where = fmt::format("{}, data set {}", name_, data_set);
  if (!has(data_set)) return {};
  const Hdf5Lock lock;
  try {
    const H5::DataSet opened = open_small(*open_->file, group_ + data_set, where);
    const auto count = opened.getSpace().getSimpleExtentNpoints();
    if (opened.getTypeClass() != H5T_STRING || count > kMostTexts) {
      refuse_data(where, fmt::format("its values are {}, expected texts", type_name(opened.getDataType())), kLayoutRemedy);
    }
    const H5::StrType type = opened.getStrType();
    return read_texts(type, static_cast<size_t>(count), [&](void* out) { opened.read(out, type); });
  } catch (const H5::Exception&) {
    refuse_for_failure(where, open_->path);
  }
}

std::optional<double> Hdf5File::number(const std::string& data_set) const {
  const std::string where = fmt::format("{}, data set {}", name_, data_set);
  if (!has(data_set)) return std::nullopt;
  const Hdf5Lock lock;
  try {
    const H5::DataSet opened = open_small(*open_->file, group_ + data_set, where);
    return read_number(opened, [&](void* out) { opened.read(out, H5::PredType::NATIVE_DOUBLE); });
  } catch (const H5::Exception&) {
    refuse_for_failure(where, open_->path);
  }
}

std::optional<double> Hdf5File::number(const std::string& data_set, const std::string& attribute) const {
  if (!has(data_set)) return std::nullopt;
  const Hdf5Lock lock;
  try {
    const H5::DataSet opened = open_->file->openDataSet(group_ + data_set);
    if (!opened.attrExists(attribute)) return std::nullopt;
    const H5::Attribute value = opened.openAttribute(attribute);
    return read_number(value, [&](void* out) { value.read(H5::PredType::NATIVE_DOUBLE, out); });
  } catch (const H5::Exception&) {
    refuse_for_failure(fmt::format("{}, attribute {} of data set {}", name_, attribute, data_set), open_->path);
  }
}

}  // namespace hpcai::data
