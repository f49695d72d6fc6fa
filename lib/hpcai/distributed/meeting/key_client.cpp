#include "hpcai/distributed/meeting/key_client.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hpcai/distributed/meeting/key_protocol.h"

namespace hpcai::distributed {
namespace {

constexpr std::chrono::milliseconds kServerLimit{10'000};  // rank 0's server normally answers in less than a millisecond

Packer request_of(Request request) { return Packer().number(static_cast<int64_t>(request)); }

Packer& pack_keys(Packer& message, const std::vector<std::string>& keys) {
  message.number(static_cast<int64_t>(keys.size()));
  for (const std::string& key : keys) message.text(key);
  return message;
}

std::string text_of(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }
std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

KeyClient::KeyClient(OpenConnection open, std::chrono::milliseconds timeout)
    : Store(timeout), open_(std::move(open)), connection_(open_()) {}

c10::intrusive_ptr<c10d::Store> KeyClient::clone() { return c10::make_intrusive<KeyClient>(open_, timeout_); }

std::string KeyClient::request(const std::string& message, std::chrono::milliseconds limit) {
  std::lock_guard lock(mutex_);
  std::string reason = "rank 0 does not answer";
  if (connection_) {
    try {
      const auto deadline = SteadyClock::now() + limit + kServerLimit;
      connection_->send(message, deadline);
      if (auto answer = connection_->receive(deadline)) return *answer;
    } catch (const ConnectionLost& error) {
      reason = fmt::format("the connection to rank 0 is lost: {}", error.what());
    }
    connection_.reset();
  }
  C10_THROW_ERROR(DistStoreError, reason);
}

void KeyClient::set(const std::string& key, const std::vector<uint8_t>& value) {
  request(request_of(Request::set).text(key).text(text_of(value)).bytes(), {});
}

std::vector<uint8_t> KeyClient::compareSet(const std::string& key, const std::vector<uint8_t>& expected,
                                           const std::vector<uint8_t>& desired) {
  const auto message = request_of(Request::compare_set).text(key).text(text_of(expected)).text(text_of(desired)).bytes();
  return bytes_of(Unpacker(request(message, {})).text());
}

std::vector<std::string> KeyClient::wait_for(const std::vector<std::string>& keys, std::chrono::milliseconds limit) {
  Packer message = request_of(Request::wait);
  pack_keys(message.number(limit.count()), keys);
  const std::string answer = request(message.bytes(), limit);
  Unpacker fields(answer);
  if (fields.number() == 0) {
    C10_THROW_ERROR(DistStoreError, fmt::format("no rank has set {} within {} ms", fmt::join(keys, ", "), limit.count()));
  }
  std::vector<std::string> values;
  while (values.size() < keys.size()) values.push_back(fields.text());
  return values;
}

std::vector<uint8_t> KeyClient::get(const std::string& key) { return bytes_of(wait_for({key}, timeout_).front()); }

int64_t KeyClient::add(const std::string& key, int64_t value) {
  return Unpacker(request(request_of(Request::add).text(key).number(value).bytes(), {})).number();
}

bool KeyClient::deleteKey(const std::string& key) {
  return Unpacker(request(request_of(Request::erase).text(key).bytes(), {})).number() != 0;
}

bool KeyClient::check(const std::vector<std::string>& keys) {
  Packer message = request_of(Request::check);
  return Unpacker(request(pack_keys(message, keys).bytes(), {})).number() != 0;
}

int64_t KeyClient::getNumKeys() { return Unpacker(request(request_of(Request::count).bytes(), {})).number(); }

void KeyClient::wait(const std::vector<std::string>& keys) { wait_for(keys, timeout_); }

void KeyClient::wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) { wait_for(keys, timeout); }

}  // namespace hpcai::distributed
