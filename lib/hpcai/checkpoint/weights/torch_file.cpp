#include "hpcai/checkpoint/weights/torch_file.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>
#include <caffe2/serialize/inline_container.h>
#include <fmt/format.h>

#include <cstring>
#include <functional>
#include <stdexcept>

#include "hpcai/checkpoint/weights/pickle.h"
#include "hpcai/checkpoint/weights/state_dict.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/regular_file.h"

namespace hpcai::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSaveTensors =
    "Nothing of the file was executed. Save the tensors alone, in Python: torch.save(model.state_dict(), FILE), or with "
    "safetensors.";
constexpr uint64_t kLongestPickle = uint64_t{64} << 20;
constexpr size_t kLegacyHeads = 3;  // pickles before that of the state dict: magic number, protocol, about the system

// Calls `read` and gives every complaint about the content the name of the file.
NamedTensors read_content_of(const fs::path& path, const std::function<NamedTensors()>& read) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ExitCode::bad_data, fmt::format("{} is not a state dict of PyTorch that can be read: {}", printable(path), why),
                kSaveTensors);
  };
  try {
    return read();
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    refuse(printable(first_line(error.what_without_backtrace())));
  } catch (const std::runtime_error& error) {
    refuse(error.what());
  }
  return {};
}

Pickle interpret(std::string_view text, const std::string& name) {
  try {
    return Pickle(text);
  } catch (const PickleError& error) {
    throw std::runtime_error(fmt::format("{} (byte {} of {})", error.what(), error.offset(), name));
  }
}

int64_t bytes_of_storage(const PickleValue& storage) {
  const auto width = static_cast<int64_t>(c10::elementSize(storage.type));
  if (storage.integer > (int64_t{1} << 50)) throw std::runtime_error("a storage has an absurd size");
  return storage.integer * width;
}

// A tensor of the elements of a storage, filled by `fill`.
at::Tensor new_storage(const PickleValue& storage, const std::function<void(void*)>& fill) {
  at::Tensor elements = at::empty({storage.integer}, at::TensorOptions(storage.type));
  fill(elements.mutable_data_ptr());
  if (storage.type == at::kBool && elements.view(at::kByte).max().item<int>() > 1) {
    throw std::runtime_error("a truth value is neither 0 nor 1");
  }
  return elements;
}

// The records of a zip container. The sizes that it states are not believed: those that are read may not exceed the file
// together.
class TorchArchive {
 public:
  explicit TorchArchive(const fs::path& path)
      : left_(static_cast<uint64_t>(data::RegularFile(path.string()).bytes())), reader_(path.string()) {}

  std::string text(const std::string& name, uint64_t limit) {
    std::string content(claim(name, limit), '\0');
    reader_.getRecord(name, content.data(), content.size());
    return content;
  }

  at::Tensor storage(const PickleValue& storage) {
    const std::string name = "data/" + storage.text;
    const auto wanted = static_cast<uint64_t>(bytes_of_storage(storage));
    if (!reader_.hasRecord(name)) throw std::runtime_error(fmt::format("its record {} is missing", printable(name)));
    const uint64_t size = reader_.getRecordSize(name);
    if (size != wanted) {
      throw std::runtime_error(fmt::format("its record {} has {} bytes, and the pickle says {}", printable(name), size, wanted));
    }
    claim(name, wanted);
    return new_storage(storage, [&](void* to) { reader_.getRecord(name, to, wanted); });
  }

  bool has(const std::string& name) { return reader_.hasRecord(name); }

 private:
  uint64_t claim(const std::string& name, uint64_t limit) {
    const uint64_t size = reader_.getRecordSize(name);
    if (size > limit) throw std::runtime_error(fmt::format("its record {} has {} bytes", printable(name), size));
    if (size > left_) throw std::runtime_error("its records are longer than the file together");
    left_ -= size;
    return size;
  }

  uint64_t left_;  // bytes that may still be read
  caffe2::serialize::PyTorchStreamReader reader_;
};

// A file of PyTorch before 1.6: pickles, the last of which lists the storages, then for each storage its number of elements (8
// bytes) and the elements.
class LegacyFile {
 public:
  explicit LegacyFile(std::string content) : content_(std::move(content)) {}

  NamedTensors read() {
    for (size_t i = 0; i < kLegacyHeads; ++i) next_pickle();
    const Pickle object = next_pickle();
    const StateDict found = find_state_dict(object.root());
    const Pickle keys = next_pickle();
    find_storages(keys.root(), object.storages());
    return tensors_of(found, [&](const PickleValue& storage) { return elements_of(storage); });
  }

 private:
  Pickle next_pickle() {
    const auto rest = std::string_view(content_).substr(at_, kLongestPickle);
    const size_t begin = at_;
    try {
      Pickle pickle(rest);
      at_ += pickle.size();
      return pickle;
    } catch (const PickleError& error) {
      throw std::runtime_error(fmt::format("{} (byte {})", error.what(), begin + error.offset()));
    }
  }

  void find_storages(const PickleValue& keys, const std::map<std::string, const PickleValue*>& known) {
    if (!keys.is(PickleValue::Kind::list)) throw std::runtime_error("the list of its storages is missing");
    for (const PickleValue* key : keys.items) {
      const auto found = known.find(key->text);
      if (found == known.end()) throw std::runtime_error(fmt::format("nothing uses its storage {}", printable(key->text, 60)));
      int64_t count = 0;
      if (content_.size() - at_ < sizeof count) throw std::runtime_error("it ends too early");
      std::memcpy(&count, content_.data() + at_, sizeof count);
      at_ += sizeof count;
      const int64_t bytes = bytes_of_storage(*found->second);
      if (count != found->second->integer) {
        throw std::runtime_error(fmt::format("its storage {} has {} elements, and the pickle says {}", printable(key->text, 60),
                                             count, found->second->integer));
      }
      if (static_cast<uint64_t>(bytes) > content_.size() - at_) throw std::runtime_error("it ends too early");
      places_[key->text] = at_;
      at_ += static_cast<size_t>(bytes);
    }
    if (at_ != content_.size()) throw std::runtime_error("more bytes follow after its storages");
  }

  at::Tensor elements_of(const PickleValue& storage) {
    const auto found = places_.find(storage.text);
    if (found == places_.end()) throw std::runtime_error(fmt::format("its storage {} is missing", printable(storage.text, 60)));
    const auto bytes = static_cast<size_t>(bytes_of_storage(storage));
    return new_storage(storage, [&](void* to) { std::memcpy(to, content_.data() + found->second, bytes); });
  }

  std::string content_;
  size_t at_ = 0;
  std::map<std::string, size_t> places_;  // of the elements of a storage, by key
};

}  // namespace

NamedTensors read_torch_zip(const fs::path& path) {
  return read_content_of(path, [&] {
    TorchArchive archive(path);
    if (!archive.has("data.pkl")) throw std::runtime_error("the zip file has no data.pkl");
    if (archive.has("byteorder") && archive.text("byteorder", 100) != "little") {
      throw std::runtime_error("a machine with another order of bytes wrote it");
    }
    const std::string text = archive.text("data.pkl", kLongestPickle);
    const Pickle pickle = interpret(text, "data.pkl");
    return tensors_of(find_state_dict(pickle.root()), [&](const PickleValue& storage) { return archive.storage(storage); });
  });
}

NamedTensors read_torch_legacy(const fs::path& path) {
  constexpr size_t kNoLimit = static_cast<size_t>(-1);
  return read_content_of(path, [&] { return LegacyFile(data::read_regular_file(path.string(), kNoLimit)).read(); });
}

bool is_torch_legacy(std::string_view start) {
  // torch.serialization.MAGIC_NUMBER, 0x1950a86a20f9469cfc6c, as a pickle of protocol 2
  constexpr std::string_view kMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  return start.starts_with(kMagic);
}

}  // namespace hpcai::checkpoint
