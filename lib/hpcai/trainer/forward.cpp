#include "hpcai/trainer/forward.h"

#include <ATen/autocast_mode.h>

namespace hpcai::trainer {
namespace {

// What Python's torch.autocast does.
class Autocast {
 public:
  Autocast(at::DeviceType device, at::ScalarType dtype)
      : device_(device), enabled_(at::autocast::is_autocast_enabled(device)), dtype_(at::autocast::get_autocast_dtype(device)) {
    at::autocast::set_autocast_dtype(device_, dtype);
    at::autocast::set_autocast_enabled(device_, true);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, enabled_);
    at::autocast::set_autocast_dtype(device_, dtype_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool enabled_;
  at::ScalarType dtype_;
};

}  // namespace

at::Tensor forward(models::Model& model, const at::Tensor& input, Precision precision) {
  if (!is_narrow(precision)) return model.forward(input);
  Autocast autocast(input.device().type(), precision == Precision::bf16 ? at::kBFloat16 : at::kHalf);
  return model.forward(input);
}

}  // namespace hpcai::trainer
