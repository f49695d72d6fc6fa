#pragma once

#include <memory>
#include <utility>

namespace hpcai::config {

// A T on the heap that behaves as a value: a copy of the owner copies it, and a config shows it as a plain T. With it a struct
// may hold one part of its own type (std::optional<Indirect<Self>>). For several parts std::vector<Self> is enough. The name is
// that of C++26's std::indirect. T may be incomplete in a declaration.
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
  // A move leaves a value behind, so an Indirect always holds a value.
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
