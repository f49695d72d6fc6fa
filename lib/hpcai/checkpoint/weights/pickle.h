#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hpcai::checkpoint {

// A value that a pickle describes. Values refer to each other, also in circles; Pickle owns them all.
struct PickleValue {
  enum class Kind { none, boolean, integer, number, text, bytes, list, tuple, dict, global, storage, tensor };

  Kind kind = Kind::none;
  int64_t integer = 0;                    // boolean, integer; storage: its number of elements; tensor: its offset in elements
  double number = 0;                      // number
  std::string text;                       // text, bytes; global: "module.name"; storage: its key
  std::vector<const PickleValue*> items;  // list, tuple; dict: key, value, key, value, ...; tensor: its storage
  at::ScalarType type{};                  // storage; global: that of a storage's class
  std::vector<int64_t> sizes, strides;    // tensor

  bool is(Kind wanted) const { return kind == wanted; }
};

// What a pickle must not hold. `offset` is the place of its byte in the pickle.
class PickleError : public std::runtime_error {
 public:
  PickleError(size_t offset, const std::string& what) : std::runtime_error(what), offset_(offset) {}
  size_t offset() const { return offset_; }

 private:
  size_t offset_;
};

// Interprets the pickle of a PyTorch state dict, of protocol 2 to 5, as data. It calls nothing: of the functions that a pickle
// can name it knows those that rebuild a tensor, and takes their arguments as the description of the tensor. The opcodes are
// those of Python's pickletools that torch.save writes for dicts, lists, tuples, texts, numbers, None and tensors. Every other
// opcode and every other name of a function or class is refused. It reads no byte outside of the text, and makes at most a
// million values.
class Pickle {
 public:
  // Reads the first pickle in `text`, up to its STOP. Throws PickleError.
  explicit Pickle(std::string_view text);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;
  Pickle(Pickle&&) = default;

  const PickleValue& root() const { return *root_; }
  size_t size() const { return size_; }  // its length in bytes
  // The storages that it mentions, by key.
  const std::map<std::string, const PickleValue*>& storages() const { return storages_; }

 private:
  friend class PickleReader;
  std::deque<PickleValue> values_;
  std::map<std::string, const PickleValue*> storages_;
  const PickleValue* root_ = nullptr;
  size_t size_ = 0;
};

}  // namespace hpcai::checkpoint
