#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace hpcai {

// SHA-256 of bytes that arrive in pieces. hex() ends the computation.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(const void* bytes, size_t size);
  void update(std::string_view text) { update(text.data(), text.size()); }
  std::string hex();  // 64 lower-case hex digits

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Returns 64 lower-case hex digits.
std::string sha256(std::string_view bytes);
// HMAC (RFC 2104) with SHA-256, as 64 hex digits. It proves to a receiver that knows `key` that the sender knows it too.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
// Whether two digests are equal. The time does not depend on where they differ, so it reveals nothing to an attacker.
bool same_digest(std::string_view a, std::string_view b);
// The digest of a file's content. Throws Error{missing_input}.
std::string sha256_of_file(const std::string& path);

}  // namespace hpcai
