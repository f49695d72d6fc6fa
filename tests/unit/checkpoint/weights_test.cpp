#include "check.h"

#include "hpcai/checkpoint/weights/read_weights.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>

#include <algorithm>

#include "hpcai/checkpoint/safetensors.h"
#include "hpcai/checkpoint/weights/pickle.h"
#include "scratch.h"

using namespace hpcai;
using namespace hpcai::checkpoint;

namespace {

const std::string kWeights = HPCAI_SOURCE_DIR "/tests/fixtures/weights/";

std::string text(const std::string& value) {
  const auto length = static_cast<uint32_t>(value.size());
  return "X" + std::string(reinterpret_cast<const char*>(&length), 4) + value;
}
std::string number(int32_t value) { return "J" + std::string(reinterpret_cast<const char*>(&value), 4); }
std::string tuple(const std::vector<int32_t>& values) {
  std::string bytes = "(";
  for (const int32_t value : values) bytes += number(value);
  return bytes + "t";
}

// A tensor of storage "0", as torch.save writes it.
struct Piece {
  int32_t stored = 6, offset = 0;
  std::vector<int32_t> sizes = {2, 3}, strides = {3, 1};
  std::string type = "FloatStorage";

  std::string bytes() const {
    return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + type + "\n" + text("0") + text("cpu") +
           number(stored) + "tQ" + number(offset) + tuple(sizes) + tuple(strides) + "\x89" + "ccollections\nOrderedDict\n)RtR";
  }
};

std::string state_dict(const std::string& value, const std::string& name = "w") {
  return "\x80\x02}" + text(name) + value + "s.";
}

void write_zip(const std::filesystem::path& path, const std::string& pickle, const std::string& storage, bool compress = false,
               const std::string& byteorder = "little") {
  caffe2::serialize::PyTorchStreamWriter writer(path.string());
  writer.writeRecord("data.pkl", pickle.data(), pickle.size());
  writer.writeRecord("byteorder", byteorder.data(), byteorder.size());
  if (!storage.empty()) writer.writeRecord("data/0", storage.data(), storage.size(), compress);
  writer.writeEndOfFile();
}

void refused_pickle(const std::string& bytes, const std::string& part) {
  INFO(part);
  try {
    Pickle pickle(bytes);
  } catch (const PickleError& error) {
    CHECK_THAT(error.what(), Catch::Contains(part));
    return;
  }
  FAIL_CHECK("accepted");
}

void refused_zip(const std::string& pickle, const std::string& storage, const std::string& part) {
  const Scratch scratch;
  write_zip(scratch / "bad.pt", pickle, storage);
  check_error([&] { read_weights(scratch / "bad.pt"); }, ExitCode::bad_data, part);
  check_error([&] { read_weights(scratch / "bad.pt"); }, ExitCode::bad_data, "bad.pt");
}

std::string floats(size_t count) { return std::string(count * sizeof(float), '\1'); }

void same_tensors(NamedTensors found, const NamedTensors& expected) {
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    INFO(found[i].first);
    CHECK(found[i].first == expected[i].first);
    CHECK(found[i].second.scalar_type() == expected[i].second.scalar_type());
    CHECK(found[i].second.equal(expected[i].second));
  }
}

}  // namespace

TEST_CASE("state dicts of PyTorch are read as PyTorch reads them, in the zip and the older container") {
  const NamedTensors expected = read_safetensors(kWeights + "tensors.safetensors");
  REQUIRE(expected.size() == 17);
  for (const char* name : {"tensors.pt", "tensors5.pt", "tensors_legacy.pt"}) {
    INFO(name);
    const Weights weights = read_weights(kWeights + name);
    CHECK(weights.format == WeightsFormat::torch);
    same_tensors(weights.tensors, expected);
  }
}

TEST_CASE("a state dict among other things is found, and two are refused by name") {
  const Weights nested = read_weights(kWeights + "timm.pt");  // beside an epoch and an accuracy
  CHECK(nested.tensors.front().first == "module.conv1.weight");
  CHECK(nested.tensors.front().second.scalar_type() == at::kHalf);
  check_error(
      [&] { read_weights(kWeights + "two_dicts.pt"); }, ExitCode::bad_data,
      "2 dicts of tensors, so it is not clear which are the weights: state_dict (17 tensors), state_dict_ema (17 tensors)");
}

TEST_CASE("safetensors and Keras's files are recognised by their content") {
  CHECK(read_weights(kWeights + "tensors.safetensors").format == WeightsFormat::safetensors);
  const Weights keras = read_weights(kWeights + "keras_notop.h5");
  CHECK(keras.format == WeightsFormat::keras);
  CHECK(keras.tensors.front().first == "block1_conv1/block1_conv1_W:0");
  CHECK(keras.tensors.front().second.sizes() == at::IntArrayRef({3, 3, 3, 8}));
  const Weights named = read_weights(kWeights + "keras_top.weights.h5");
  CHECK(std::any_of(named.tensors.begin(), named.tensors.end(),
                    [](const auto& item) { return item.first == "block2_sepconv1/1"; }));
  const Weights nested = read_weights(kWeights + "keras_nested.h5");
  CHECK(std::any_of(nested.tensors.begin(), nested.tensors.end(),
                    [](const auto& item) { return item.first == "block1_conv1/kernel"; }));
}

TEST_CASE("what is no file of weights is refused with what it seems to be") {
  const Scratch scratch;
  const auto refused = [&](const std::string& bytes, const std::string& part) {
    spill(scratch / "x", bytes);
    check_error([&] { read_weights(scratch / "x"); }, ExitCode::bad_data, part);
  };
  refused("", "it is empty");
  refused("\x1f\x8b\x08", "gzip");
  refused("\x80\x04\x95", "a pickle that torch.save did not write");
  refused(std::string(257, '\0') + "ustar", "tar");
  refused("weights: 1\n", "in none of these formats");
  refused("PK\x03\x04 and nothing", "not a state dict");
  refused("\x89HDF\r\n\x1a\n and nothing", "");
  check_error([&] { read_weights(scratch / "missing"); }, ExitCode::missing_input, "missing");
  check_error([&] { read_weights(scratch.path()); }, ExitCode::missing_input, "is a folder");
}

TEST_CASE("a pickle can ask for nothing but what rebuilds a tensor") {
  refused_pickle(
      "\x80\x02"
      "cos\nsystem\n" +
          text("touch x") + "\x85R.",
      "asks for os.system");
  refused_pickle("\x80\x04" + text("posix") + text("system") + "\x93" + text("touch x") + "\x85R.", "asks for posix.system");
  refused_pickle(
      "\x80\x02"
      "c__builtin__\neval\n.",
      "asks for __builtin__.eval");
  refused_pickle(
      "\x80\x02"
      "ctorch\nload\n.",
      "asks for torch.load");
  refused_pickle(
      "\x80\x02"
      "ccollections\nOrderedDict\n)\x81.",
      "opcode 0x81");
  refused_pickle("\x80\x02(" + text("touch x") + "ios\nsystem\n.", "opcode 0x69");
  refused_pickle("\x80\x02\x82\x01.", "opcode 0x82");
  refused_pickle("\x80\x02" + text("run") + "Q.", "no storage of a tensor");
  refused_pickle("\x80\x02]}b.", "changes a value of another kind");
  refused_pickle(
      "\x80\x02"
      "ctorch\nFloatStorage\n)R.",
      "in another way");
  refused_pickle(state_dict(Piece{.type = "ComplexFloatStorage"}.bytes()), "torch.ComplexFloatStorage");
}

TEST_CASE("a pickle that is damaged or made to exhaust memory is refused") {
  refused_pickle("", "does not begin");
  refused_pickle("(dp0\n.", "does not begin");
  refused_pickle("\x80\x06N.", "protocol 6");
  refused_pickle("\x80\x02", "ends too early");
  refused_pickle(
      "\x80\x02X\xff\xff\xff\xff"
      "a",
      "ends too early");
  refused_pickle("\x80\x02.", "empty stack");
  refused_pickle("\x80\x02(NN(0.", "empty stack");
  refused_pickle("\x80\x02h\x05.", "has not kept");
  refused_pickle("\x80\x02Nt.", "mark is missing");
  refused_pickle("\x80\x02" + std::string(2'000'000, ']') + ".", "a million values");
  refused_pickle("\x80\x02" + std::string(2'000'000, '(') + ".", "a million values");
  std::string doubling = "\x80\x02]q\x01";
  for (int i = 0; i < 100'000; ++i) doubling += "(" + std::string(100, 'N') + "e";
  refused_pickle(doubling + ".", "a million values");
  std::string deep = "\x80\x02N";
  for (int i = 0; i < 900'000; ++i) deep += '\x85';
  CHECK(Pickle(deep + ".").root().is(PickleValue::Kind::tuple));
}

TEST_CASE("a dict that holds itself is searched once") {
  const Scratch scratch;
  const std::string pickle = "\x80\x02}q\x01" + text("self") + "h\x01s" + text("w") + Piece{}.bytes() + "s.";
  write_zip(scratch / "x.pt", pickle, floats(6));
  CHECK(read_weights(scratch / "x.pt").tensors.size() == 1);
}

TEST_CASE("a tensor that does not lie in its storage is refused") {
  const Scratch scratch;
  write_zip(scratch / "good.pt", state_dict(Piece{}.bytes()), floats(6));
  CHECK(read_weights(scratch / "good.pt").tensors.front().second.sizes() == at::IntArrayRef({2, 3}));

  refused_zip(state_dict(Piece{.stored = 7}.bytes()), floats(6), "has 24 bytes, and the pickle says 28");
  refused_zip(state_dict(Piece{}.bytes()), "", "data/0 is missing");
  refused_zip(state_dict(Piece{.offset = 1}.bytes()), floats(6), "reaches beyond its storage");
  refused_zip(state_dict(Piece{.offset = 6}.bytes()), floats(6), "begins beyond the end");
  refused_zip(state_dict(Piece{.offset = -1}.bytes()), floats(6), "begins beyond the end");
  refused_zip(state_dict(Piece{.strides = {4, 1}}.bytes()), floats(6), "reaches beyond its storage");
  refused_zip(state_dict(Piece{.strides = {2147483647, 2147483647}}.bytes()), floats(6), "reaches beyond its storage");
  refused_zip(state_dict(Piece{.sizes = {-2, 3}}.bytes()), floats(6), "absurd shape");
  refused_zip(state_dict(Piece{.strides = {3, -1}}.bytes()), floats(6), "absurd shape");
  refused_zip(state_dict(Piece{.sizes = {2147483647, 2147483647}, .strides = {0, 0}}.bytes()), floats(6),
              "more elements than its storage");
  refused_zip(state_dict(Piece{.strides = {1}}.bytes()), floats(6), "not as many strides");
  refused_zip("\x80\x02N.", floats(6), "no dict of tensors");
  refused_zip(state_dict(Piece{.stored = 24, .type = "BoolStorage"}.bytes()), std::string(24, '\2'), "neither 0 nor 1");
}

TEST_CASE("a zip container cannot make the program use more memory than the file is long") {
  const Scratch scratch;
  const std::string pickle = state_dict(Piece{.stored = 1 << 20}.bytes());
  write_zip(scratch / "bomb.pt", pickle, std::string(size_t{4} << 20, '\0'), /*compress=*/true);
  REQUIRE(std::filesystem::file_size(scratch / "bomb.pt") < 100'000);
  check_error([&] { read_weights(scratch / "bomb.pt"); }, ExitCode::bad_data, "longer than the file");
  write_zip(scratch / "big.pt", state_dict(Piece{}.bytes()), floats(6), false, "big");
  check_error([&] { read_weights(scratch / "big.pt"); }, ExitCode::bad_data, "another order of bytes");
}

TEST_CASE("an older container that is cut off or longer than it says is refused") {
  const std::string whole = slurp(kWeights + "tensors_legacy.pt");
  const Scratch scratch;
  for (const size_t size : {whole.size() - 1, whole.size() / 2, whole.size() / 4, size_t{20}}) {
    spill(scratch / "cut.pt", whole.substr(0, size));
    check_error([&] { read_weights(scratch / "cut.pt"); }, ExitCode::bad_data, "too early");
  }
  spill(scratch / "long.pt", whole + "x");
  check_error([&] { read_weights(scratch / "long.pt"); }, ExitCode::bad_data, "more bytes follow");
}
