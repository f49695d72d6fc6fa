#include "hpcai/core/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <fstream>
#include <stdexcept>
#include <vector>

#include "hpcai/core/error.h"

namespace hpcai {

struct Sha256::Context {
  EVP_MD_CTX* handle = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(handle); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (EVP_DigestInit_ex(context_->handle, EVP_sha256(), nullptr) != 1) throw std::logic_error("SHA-256 is not available");
}

Sha256::~Sha256() = default;

void Sha256::update(const void* bytes, size_t size) { EVP_DigestUpdate(context_->handle, bytes, size); }

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context_->handle, digest.data(), &length);
  std::string text;
  for (unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

std::string sha256_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ExitCode::missing_input, fmt::format("cannot read {}", path));
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    hash.update(buffer.data(), static_cast<size_t>(in.gcount()));
  }
  return hash.hex();
}

}  // namespace hpcai
