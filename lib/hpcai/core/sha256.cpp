#include "hpcai/core/sha256.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/open_files.h"
#include "hpcai/core/text.h"

namespace hpcai {
namespace {

using Digest = std::array<unsigned char, 32>;

std::string hex_of(const Digest& digest) {
  std::string text;
  for (unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

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
  Digest digest{};
  EVP_DigestFinal_ex(context_->handle, digest.data(), nullptr);
  return hex_of(digest);
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  Digest digest{};
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
            bytes.size(), digest.data(), nullptr)) {
    throw std::logic_error("HMAC is not available");
  }
  return hex_of(digest);
}

bool same_digest(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string sha256_of_file(const std::string& path) {
  const auto fail = [&](const char* what) {
    const int error = errno;
    const std::string text = fmt::format("{} {}", what, printable(path));
    if (is_open_file_limit(error)) throw open_file_limit(text, error);
    throw Error(ExitCode::missing_input, fmt::format("{}: {}", text, std::strerror(error)),
                "Check the path and the permissions on it.");
  };
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("cannot read");
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    hash.update(buffer.data(), static_cast<size_t>(in.gcount()));
  }
  if (in.bad()) fail("cannot read all of");
  return hash.hex();
}

}  // namespace hpcai
