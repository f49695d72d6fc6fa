#include "hpcai/checkpoint/weights/pickle.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "hpcai/core/text.h"

namespace hpcai::checkpoint {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMostValues = 1'000'000;
constexpr size_t kMostDimensions = 16;
constexpr size_t kLongestKey = 100;  // of a storage; they are numbers

constexpr std::pair<std::string_view, at::ScalarType> kStorageClasses[] = {
    {"torch.FloatStorage", at::kFloat}, {"torch.DoubleStorage", at::kDouble},     {"torch.HalfStorage", at::kHalf},
    {"torch.LongStorage", at::kLong},   {"torch.BFloat16Storage", at::kBFloat16}, {"torch.IntStorage", at::kInt},
    {"torch.ShortStorage", at::kShort}, {"torch.CharStorage", at::kChar},         {"torch.ByteStorage", at::kByte},
    {"torch.BoolStorage", at::kBool}};

constexpr std::string_view kFunctions[] = {"collections.OrderedDict", "torch.Size", "torch._utils._rebuild_tensor",
                                           "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter"};

std::optional<at::ScalarType> storage_type(std::string_view name) {
  for (const auto& [known, type] : kStorageClasses) {
    if (known == name) return type;
  }
  return std::nullopt;
}

// The opcodes of Python's pickletools that are understood.
enum Opcode : unsigned char {
  kProto = 0x80,
  kFrame = 0x95,
  kStop = '.',
  kMark = '(',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kNone = 'N',
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8a,
  kBinFloat = 'G',
  kShortBinString = 'U',
  kBinString = 'T',
  kShortBinUnicode = 0x8c,
  kBinUnicode = 'X',
  kBinUnicode8 = 0x8d,
  kShortBinBytes = 'C',
  kBinBytes = 'B',
  kBinBytes8 = 0x8e,
  kEmptyTuple = ')',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kTuple = 't',
  kEmptyList = ']',
  kAppend = 'a',
  kAppends = 'e',
  kEmptyDict = '}',
  kSetItem = 's',
  kSetItems = 'u',
  kGlobal = 'c',
  kStackGlobal = 0x93,
  kReduce = 'R',
  kBuild = 'b',
  kBinPersId = 'Q',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kMemoize = 0x94,
  kBinGet = 'h',
  kLongBinGet = 'j',
};

}  // namespace

// The machine that a pickle programs: a stack, marks in it, and a memo.
class PickleReader {
 public:
  PickleReader(std::string_view text, Pickle& pickle) : text_(text), pickle_(pickle) {}

  void read() {
    if (text_.size() < 2 || static_cast<unsigned char>(text_[0]) != kProto)
      fail("it does not begin as a pickle of protocol 2 to 5");
    while (!pickle_.root_) {
      opcode_at_ = at_;
      step(take<unsigned char>());
    }
    pickle_.size_ = at_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw PickleError(opcode_at_, what); }

  // ---- bytes ----

  std::string_view take_bytes(uint64_t count) {
    if (count > text_.size() - at_) fail("it ends too early");
    const std::string_view bytes = text_.substr(at_, count);
    at_ += count;
    return bytes;
  }

  template <class Number>
  Number take() {
    static_assert(std::endian::native == std::endian::little);
    Number value;
    std::memcpy(&value, take_bytes(sizeof value).data(), sizeof value);
    return value;
  }

  std::string_view take_line() {
    const size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) fail("it ends too early");
    const std::string_view line = text_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

  double take_big_endian_double() {
    uint64_t bits = 0;
    for (const char byte : take_bytes(8)) bits = bits << 8 | static_cast<unsigned char>(byte);
    return std::bit_cast<double>(bits);
  }

  // A whole number of any length. One that does not fit 64 bits is kept as bytes; nothing that a state dict needs is so large.
  void push_long(std::string_view bytes) {
    if (bytes.size() > 8) return push_text(Kind::bytes, bytes);
    uint64_t value = !bytes.empty() && static_cast<signed char>(bytes.back()) < 0 ? ~uint64_t{0} : 0;
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    push_integer(static_cast<int64_t>(value));
  }

  // ---- stack ----

  PickleValue& push(Kind kind) {
    if (pickle_.values_.size() >= kMostValues) fail("it holds more than a million values");
    PickleValue& value = pickle_.values_.emplace_back();
    value.kind = kind;
    stack_.push_back(&value);
    return value;
  }
  void push_integer(int64_t value, Kind kind = Kind::integer) { push(kind).integer = value; }
  void push_text(Kind kind, std::string_view text) { push(kind).text = text; }
  void push_again(PickleValue* value) {
    if (stack_.size() >= kMostValues) fail("it holds more than a million values");
    stack_.push_back(value);
  }

  // The lowest value that an opcode may take: what lies below the last mark belongs to a collection that is not complete.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  PickleValue& top() {
    if (stack_.size() <= floor()) fail("it takes a value from an empty stack");
    return *stack_.back();
  }
  PickleValue* pop() {
    PickleValue* value = &top();
    stack_.pop_back();
    return value;
  }
  PickleValue& top(Kind kind) {
    if (!top().is(kind)) fail("it changes a value of another kind");
    return *stack_.back();
  }

  // The values above the last mark, which go with it.
  std::vector<const PickleValue*> pop_to_mark() {
    if (marks_.empty()) fail("a mark is missing");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const PickleValue*> values(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return values;
  }

  void push_tuple(size_t count) {
    std::vector<const PickleValue*> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    push(Kind::tuple).items = std::move(items);
  }

  void append(Kind kind, const std::vector<const PickleValue*>& values) {
    if (kind == Kind::dict && values.size() % 2 != 0) fail("a key of a dict has no value");
    PickleValue& into = top(kind);
    // A list may be appended to itself for ever, so what lies in lists counts as values too.
    items_ += values.size();
    if (items_ > 4 * kMostValues) fail("it holds more than a million values");
    into.items.insert(into.items.end(), values.begin(), values.end());
  }

  void put(uint64_t place) { memo_[place] = &top(); }
  void get(uint64_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) fail("it recalls a value that it has not kept");
    push_again(found->second);
  }

  // ---- functions and classes ----

  void push_global(std::string_view module, std::string_view name) {
    const std::string full = fmt::format("{}.{}", module, name);
    const auto type = storage_type(full);
    bool known = type.has_value();
    for (const std::string_view function : kFunctions) known = known || function == full;
    if (!known) fail(fmt::format("it asks for {}, which is no part of a state dict", printable(full, 100)));
    PickleValue& value = push(Kind::global);
    value.text = full;
    if (type) value.type = *type;
  }

  // The sizes or strides of a tensor.
  std::vector<int64_t> whole_numbers(const PickleValue& tuple) const {
    if (!tuple.is(Kind::tuple) || tuple.items.size() > kMostDimensions) {
      fail("a tensor is described in another way than PyTorch does");
    }
    std::vector<int64_t> numbers;
    for (const PickleValue* item : tuple.items) {
      if (!item->is(Kind::integer)) fail("a tensor is described in another way than PyTorch does");
      numbers.push_back(item->integer);
    }
    return numbers;
  }

  void push_tensor(const std::vector<const PickleValue*>& arguments) {
    if (arguments.size() < 4 || !arguments[0]->is(Kind::storage) || !arguments[1]->is(Kind::integer)) {
      fail("a tensor is described in another way than PyTorch does");
    }
    PickleValue& tensor = push(Kind::tensor);
    tensor.items = {arguments[0]};
    tensor.integer = arguments[1]->integer;
    tensor.sizes = whole_numbers(*arguments[2]);
    tensor.strides = whole_numbers(*arguments[3]);
    if (tensor.sizes.size() != tensor.strides.size()) fail("a tensor has not as many strides as sizes");
  }

  // A dict from a list of pairs, as Python 2 wrote it; without arguments it is empty.
  void push_ordered_dict(const std::vector<const PickleValue*>& arguments) {
    push(Kind::dict);
    if (arguments.empty()) return;
    if (arguments.size() > 1 || !arguments[0]->is(Kind::list)) fail("an OrderedDict is made of something else than pairs");
    std::vector<const PickleValue*> entries;
    for (const PickleValue* pair : arguments[0]->items) {
      const bool sound = (pair->is(Kind::list) || pair->is(Kind::tuple)) && pair->items.size() == 2;
      if (!sound) fail("an OrderedDict is made of something else than pairs");
      entries.insert(entries.end(), pair->items.begin(), pair->items.end());
    }
    append(Kind::dict, entries);
  }

  void reduce() {
    const PickleValue& tuple = *pop();
    const PickleValue& function = *pop();
    if (!tuple.is(Kind::tuple) || !function.is(Kind::global)) fail("it calls what is no function");
    const auto& arguments = tuple.items;
    if (function.text == "collections.OrderedDict") return push_ordered_dict(arguments);
    if (function.text.starts_with("torch._utils._rebuild_tensor")) return push_tensor(arguments);
    if (function.text == "torch.Size" && arguments.size() == 1) {
      whole_numbers(*arguments[0]);
      PickleValue& value = push(Kind::tuple);
      value.items = arguments[0]->items;
      return;
    }
    if (function.text == "torch._utils._rebuild_parameter" && !arguments.empty() && arguments[0]->is(Kind::tensor)) {
      PickleValue& value = push(Kind::tensor);
      const PickleValue& data = *arguments[0];
      value = data;
      return;
    }
    fail(fmt::format("it calls {} in another way than PyTorch does", function.text));
  }

  // ("storage", class, key, device, number of elements[, view]), which torch.load resolves to bytes of the file.
  void push_storage() {
    const PickleValue& id = *pop();
    const auto& items = id.items;
    const bool sound = id.is(Kind::tuple) && (items.size() == 5 || items.size() == 6) && items[0]->is(Kind::text) &&
                       items[0]->text == "storage" && items[1]->is(Kind::global) && storage_type(items[1]->text) &&
                       items[2]->is(Kind::text) && items[2]->text.size() <= kLongestKey && items[4]->is(Kind::integer) &&
                       items[4]->integer >= 0;
    if (!sound) fail("it refers to something outside that is no storage of a tensor");
    if (items.size() == 6 && !items[5]->is(Kind::none)) fail("a storage is part of another one, as only very old PyTorch wrote");
    PickleValue& storage = push(Kind::storage);
    storage.text = items[2]->text;
    storage.type = items[1]->type;
    storage.integer = items[4]->integer;
    const auto [known, is_new] = pickle_.storages_.emplace(storage.text, &storage);
    if (!is_new && (known->second->type != storage.type || known->second->integer != storage.integer)) {
      fail(fmt::format("it describes the storage {} in two ways", printable(storage.text, 60)));
    }
  }

  // ---- opcodes ----

  void step(unsigned char opcode) {
    switch (opcode) {
      case kProto: {
        const auto protocol = take<unsigned char>();
        if (protocol < 2 || protocol > 5) fail(fmt::format("it has protocol {}", protocol));
        return;
      }
      case kFrame: take<uint64_t>(); return;
      case kStop: pickle_.root_ = pop(); return;
      case kMark:
        if (marks_.size() >= kMostValues) fail("it holds more than a million values");
        return marks_.push_back(stack_.size());
      case kPop: pop(); return;
      case kPopMark: pop_to_mark(); return;
      case kDup: return push_again(&top());
      case kNone: push(Kind::none); return;
      case kNewTrue: return push_integer(1, Kind::boolean);
      case kNewFalse: return push_integer(0, Kind::boolean);
      case kBinInt: return push_integer(take<int32_t>());
      case kBinInt1: return push_integer(take<uint8_t>());
      case kBinInt2: return push_integer(take<uint16_t>());
      case kLong1: return push_long(take_bytes(take<uint8_t>()));
      case kBinFloat: push(Kind::number).number = take_big_endian_double(); return;
      case kShortBinString:
      case kShortBinUnicode: return push_text(Kind::text, take_bytes(take<uint8_t>()));
      case kBinString:
      case kBinUnicode: return push_text(Kind::text, take_bytes(take<uint32_t>()));
      case kBinUnicode8: return push_text(Kind::text, take_bytes(take<uint64_t>()));
      case kShortBinBytes: return push_text(Kind::bytes, take_bytes(take<uint8_t>()));
      case kBinBytes: return push_text(Kind::bytes, take_bytes(take<uint32_t>()));
      case kBinBytes8: return push_text(Kind::bytes, take_bytes(take<uint64_t>()));
      case kEmptyTuple: return push_tuple(0);
      case kTuple1: return push_tuple(1);
      case kTuple2: return push_tuple(2);
      case kTuple3: return push_tuple(3);
      case kTuple: {
        auto items = pop_to_mark();
        push(Kind::tuple).items = std::move(items);
        return;
      }
      case kEmptyList: push(Kind::list); return;
      case kAppend: {
        const PickleValue* item = pop();
        return append(Kind::list, {item});
      }
      case kAppends: {
        const auto items = pop_to_mark();
        return append(Kind::list, items);
      }
      case kEmptyDict: push(Kind::dict); return;
      case kSetItem: {
        const PickleValue* value = pop();
        const PickleValue* key = pop();
        return append(Kind::dict, {key, value});
      }
      case kSetItems: {
        const auto items = pop_to_mark();
        return append(Kind::dict, items);
      }
      case kGlobal: {
        const std::string_view module = take_line();
        return push_global(module, take_line());
      }
      case kStackGlobal: {
        const PickleValue* name = pop();
        const PickleValue* module = pop();
        if (!name->is(Kind::text) || !module->is(Kind::text)) fail("the name of a function is no text");
        return push_global(module->text, name->text);
      }
      case kReduce: return reduce();
      case kBuild:  // attributes of an OrderedDict, such as the _metadata of a state dict
        pop();
        top(Kind::dict);
        return;
      case kBinPersId: return push_storage();
      case kBinPut: return put(take<uint8_t>());
      case kLongBinPut: return put(take<uint32_t>());
      case kMemoize: return put(memo_.size());
      case kBinGet: return get(take<uint8_t>());
      case kLongBinGet: return get(take<uint32_t>());
      default: fail(fmt::format("it has the opcode 0x{:02x}, which is no part of a state dict", opcode));
    }
  }

  std::string_view text_;
  Pickle& pickle_;
  size_t at_ = 0, opcode_at_ = 0;
  size_t items_ = 0;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, PickleValue*> memo_;
};

Pickle::Pickle(std::string_view text) { PickleReader(text, *this).read(); }

}  // namespace hpcai::checkpoint
