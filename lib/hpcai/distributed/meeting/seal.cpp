#include "hpcai/distributed/meeting/seal.h"

#include <fmt/format.h>

#include "hpcai/core/sha256.h"

namespace hpcai::distributed {
namespace {

constexpr size_t kTagSize = 32;

}  // namespace

std::string Seal::tag(End end, uint64_t number, std::string_view message) const {
  const char* const name = end == End::rank0 ? "rank 0" : "rank";
  return hmac_sha256(key_, fmt::format("{}/{}/{}", name, number, message)).substr(0, kTagSize);
}

std::string Seal::sealed(std::string_view message) { return std::string(message) + tag(own_, sealed_++, message); }

std::optional<std::string> Seal::opened(std::string_view sealed) {
  if (sealed.size() < kTagSize) return std::nullopt;
  const std::string_view message = sealed.substr(0, sealed.size() - kTagSize);
  const End other = own_ == End::rank ? End::rank0 : End::rank;
  if (!same_digest(sealed.substr(message.size()), tag(other, opened_, message))) return std::nullopt;
  ++opened_;
  return std::string(message);
}

}  // namespace hpcai::distributed
