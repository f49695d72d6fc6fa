#pragma once

#include <memory>
#include <utility>

namespace hpcai::config {

// A T on the heap that behaves as a value: copied with its owner, equal to a plain T in a config. With it a struct may
// hold one part of its own type (std::optional<Indirect<Self>>); several need no more than std::vector<Self>.
// Named after C++26's std::indirect. T may be incomplete where only the type is named.
template <class T>
class Indirect {
 public:
  Indirect() : value_(std::make_unique<T>()) {}
  Indirect(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Indirect(const Indirect& other) : value_(std::make_unique<T>(*other)) {}
  Indirect& operator=(const Indirect& other) {
    *value_ = *other;
    return *this;
  }
  // A move leaves a value behind, so that no Indirect is ever empty.
  Indirect(Indirect&& other) : value_(std::make_unique<T>(std::move(*other))) {}
  Indirect& operator=(Indirect&& other) {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Indirect() = default;

  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace hpcai::config
