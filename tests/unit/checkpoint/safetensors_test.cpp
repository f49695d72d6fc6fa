#include "check.h"

#include "hpcai/checkpoint/safetensors.h"

#include <ATen/ATen.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "hpcai/core/random.h"
#include "hpcai/core/sha256.h"
#include "scratch.h"

using namespace hpcai;
using namespace hpcai::checkpoint;

namespace {

const std::string kFixtures = HPCAI_SOURCE_DIR "/tests/fixtures/checkpoint/";

std::string file_of(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

void refused(const std::string& bytes, const std::string& part) {
  const Scratch scratch;
  spill(scratch / "bad.safetensors", bytes);
  INFO(bytes.substr(std::min<size_t>(8, bytes.size())));
  check_error([&] { read_safetensors(scratch / "bad.safetensors"); }, ExitCode::bad_data, part);
  check_error([&] { read_safetensors(scratch / "bad.safetensors"); }, ExitCode::bad_data, "bad.safetensors");
}

NamedTensors every_type() {
  NamedTensors tensors;
  for (const auto type :
       {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kChar, at::kByte, at::kBool}) {
    tensors.emplace_back(std::string("t.") + c10::toString(type), (at::arange(24).reshape({2, 3, 4}) % 7).to(type));
  }
  tensors.emplace_back("scalar", at::full({}, 0.1, at::kDouble));
  tensors.emplace_back("empty", at::zeros({3, 0}));
  return tensors;
}

std::string python() {
  const char* chosen = std::getenv("HPCAI_PYTHON");
  const std::string name = chosen != nullptr ? chosen : "python3";
  return std::system((name + " -c 'import numpy, safetensors' 2>/dev/null").c_str()) == 0 ? name : "";
}

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  CHECK(pclose(pipe) == 0);
  return output;
}

}  // namespace

TEST_CASE("a file written by the Python package is read with all element types") {
  const auto expected = nlohmann::json::parse(slurp(kFixtures + "python.json"));
  Metadata metadata;
  const auto tensors = read_safetensors(kFixtures + "python.safetensors", &metadata);
  CHECK(metadata == Metadata{{"made by", "safetensors"}});
  REQUIRE(tensors.size() == expected.at("tensors").size());
  for (const auto& [name, tensor] : tensors) {
    INFO(name);
    CHECK(tensor.sizes().vec() == expected.at("tensors").at(name).at(1).get<std::vector<int64_t>>());
    const auto values = at::tensor(expected.at("values").at(name).get<std::vector<double>>(), at::kDouble);
    CHECK(at::equal(tensor.to(at::kDouble).flatten(), values));
  }
  CHECK(weights_sha256(tensors) == expected.at("weights_sha256"));
}

TEST_CASE("tensors of every type, layout and size come back bit for bit") {
  const Scratch scratch;
  const auto tensors = every_type();
  write_safetensors(scratch / "a.safetensors", tensors, {{"step", "7"}, {"text", "\"quoted\"\n"}});
  Metadata metadata;
  const auto back = read_safetensors(scratch / "a.safetensors", &metadata);
  CHECK(metadata == Metadata{{"step", "7"}, {"text", "\"quoted\"\n"}});
  REQUIRE(back.size() == tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const auto found = std::find_if(back.begin(), back.end(), [&, n = name](const auto& item) { return item.first == n; });
    REQUIRE(found != back.end());
    CHECK(found->second.scalar_type() == tensor.scalar_type());
    CHECK(at::equal(found->second, tensor));
  }
  CHECK(weights_sha256(back) == weights_sha256(tensors));
}

TEST_CASE("the data of a written file start at a multiple of 8 and every tensor at one of its element size") {
  const Scratch scratch;
  write_safetensors(scratch / "a.safetensors", every_type());
  const std::string bytes = slurp(scratch / "a.safetensors");
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  CHECK(length % 8 == 0);
  const auto header = nlohmann::json::parse(bytes.substr(8, length));
  for (const auto& [name, entry] : header.items()) {
    const std::string type = entry.at("dtype");
    const int64_t size = type.ends_with("64") ? 8 : type.ends_with("32") ? 4 : type.ends_with("16") ? 2 : 1;
    CHECK(entry.at("data_offsets").at(0).get<int64_t>() % size == 0);
  }
}

TEST_CASE("transposed and channels-last tensors are written row-major") {
  const Scratch scratch;
  const auto rows = at::arange(24, at::kFloat).reshape({1, 2, 3, 4});
  write_safetensors(scratch / "a.safetensors",
                    {{"t", rows.transpose(2, 3)}, {"c", rows.contiguous(at::MemoryFormat::ChannelsLast)}});
  const auto back = read_safetensors(scratch / "a.safetensors");
  CHECK(at::equal(back[0].second, rows));
  CHECK(back[0].second.is_contiguous());
  CHECK(at::equal(back[1].second, rows.transpose(2, 3)));
}

TEST_CASE("the Python package reads what the program writes") {
  const std::string interpreter = python();
  if (interpreter.empty()) {
    WARN("skipped: no python3 with numpy and safetensors (set HPCAI_PYTHON to one)");
    return;
  }
  const Scratch scratch;
  auto tensors = every_type();
  std::erase_if(tensors, [](const auto& item) { return item.second.scalar_type() == at::kBFloat16; });  // numpy has none
  write_safetensors(scratch / "a.safetensors", tensors, {{"k", "v"}});
  const auto seen =
      nlohmann::json::parse(output_of(interpreter + " " HPCAI_SOURCE_DIR "/scripts/export_safetensors_fixtures.py --describe " +
                                      (scratch / "a.safetensors").string()));
  CHECK(seen.at("metadata") == nlohmann::json{{"k", "v"}});
  REQUIRE(seen.at("tensors").size() == tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const std::string_view raw(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
    CHECK(seen.at("tensors").at(name).at(1).get<std::vector<int64_t>>() == tensor.sizes().vec());
    CHECK(seen.at("tensors").at(name).at(2) == sha256(raw));
  }
}

TEST_CASE("the digest of weights depends on bytes in name order and on nothing else") {
  const auto a = at::arange(6, at::kFloat), b = at::ones({2, 2}, at::kDouble);
  const std::string digest = weights_sha256({{"a", a}, {"b", b}});
  CHECK(digest == weights_sha256({{"b", b}, {"a", a.clone()}}));
  std::string raw(static_cast<const char*>(a.const_data_ptr()), a.nbytes());
  raw.append(static_cast<const char*>(b.const_data_ptr()), b.nbytes());
  CHECK(digest == sha256(raw));
  CHECK(digest != weights_sha256({{"a", b}, {"b", a}}));
  CHECK(weights_sha256({}) == sha256(""));
}

TEST_CASE("types the format does not have and repeated names are refused when writing") {
  const Scratch scratch;
  CHECK_THROWS_AS(write_safetensors(scratch / "a", {{"c", at::zeros({1}, at::kComplexFloat)}}), std::invalid_argument);
  CHECK_THROWS_AS(write_safetensors(scratch / "a", {{"c", at::zeros({1})}, {"c", at::zeros({1})}}), std::invalid_argument);
  CHECK_THROWS_AS(write_safetensors(scratch / "a", {{"__metadata__", at::zeros({1})}}), std::invalid_argument);
  CHECK_FALSE(std::filesystem::exists(scratch / "a"));
}

TEST_CASE("headers that break the format are refused with the reason") {
  const std::string four(4, '\0'), eight(8, '\0');
  refused("", "ends too early");
  refused("1234567", "ends too early");
  refused(std::string(8, '\xff'), "longer than 100 MB");
  refused(file_of(R"({})", "").replace(0, 1, 1, '\x7f'), "ends within its header");
  refused(file_of("", ""), "not a JSON object");
  refused(file_of(" {}", ""), "not a JSON object");
  refused(file_of("[]", ""), "not a JSON object");
  refused(file_of("{", ""), "not valid JSON");
  refused(file_of("{}x", ""), "not valid JSON");
  refused(file_of("{\"\xff\":1}", ""), "not valid JSON");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[[[[1]]]],"data_offsets":[0,4]}})", four), "nested too deeply");
  refused(
      file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
              four),
      "twice");
  refused(file_of(R"({"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}})", four), "twice");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[1]}})", four), "needs dtype, shape and data_offsets");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", four), "nothing else");
  refused(file_of(R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", four), "F8_E4M3");
  refused(file_of(R"({"a":{"dtype":3,"shape":[4],"data_offsets":[0,4]}})", four), "element type 3");
  refused(file_of(R"({"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}})", four), "shape is not a list");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", four), "whole number");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", four), "whole number");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", four), "list of two");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}})", four), "whole number");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", ""), "too large");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}})", ""), "too large");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", four), "outside the file");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}})", eight), "outside the file");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", four), "needs 8 bytes");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight), "gap");
  refused(
      file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
              four),
      "overlaps");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", eight), "4 bytes at its end");
  refused(file_of(R"({"__metadata__":{"a":1}})", ""), "__metadata__");
  refused(file_of(R"({"__metadata__":"a"})", ""), "__metadata__");
  refused(file_of(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", "\x02"), "neither 0 nor 1");
}

TEST_CASE("a file cut at any place is refused") {
  const std::string whole = slurp(kFixtures + "python.safetensors");
  const Scratch scratch;
  for (size_t size = 0; size < whole.size(); ++size) {
    spill(scratch / "cut", whole.substr(0, size));
    CHECK_THROWS_AS(read_safetensors(scratch / "cut"), Error);
  }
}

TEST_CASE("random damage to a header gives an Error or tensors that fit the file, and nothing else") {
  const std::string whole = slurp(kFixtures + "python.safetensors");
  const Scratch scratch;
  Random random(1, 0, 0, Purpose::test);
  int accepted = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = whole;
    const uint64_t flips = 1 + random.below(4);
    for (uint64_t k = 0; k < flips; ++k) damaged[random.below(whole.size())] ^= static_cast<char>(1U << random.below(8));
    spill(scratch / "damaged", damaged);
    try {
      read_safetensors(scratch / "damaged");
      ++accepted;  // such as another letter in a name: hashes are for the checkpoint's manifest
    } catch (const Error& e) {
      if (e.code() != ExitCode::bad_data) FAIL(e.what());
    }
  }
  CHECK(accepted < 2000);
}

TEST_CASE("a missing safetensors file is named") {
  check_error([] { read_safetensors("/nowhere/x.safetensors"); }, ExitCode::missing_input, "/nowhere/x.safetensors");
}
