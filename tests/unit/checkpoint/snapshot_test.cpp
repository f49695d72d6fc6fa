#include "hpcai/checkpoint/snapshot.h"

#include "check.h"
#include "states.h"

using namespace hpcai;
using namespace hpcai::checkpoint;

namespace {

const void* memory(const TrainingState& state, size_t index) { return state.model[index].second.const_data_ptr(); }

}  // namespace

TEST_CASE("a snapshot has the bits of the state and does not change with it") {
  auto state = state_of(5);
  TrainingState copy;
  take_snapshot(state, copy);
  for (auto& [name, tensor] : state.model) tensor.zero_();
  for (auto& [name, tensor] : state.optimizer) tensor.zero_();
  state.state["loss"] = 0;
  check_state(copy, 5);
}

TEST_CASE("a snapshot is row-major whatever the layout of the tensors") {
  const at::Tensor counted = at::arange(24, at::kFloat).view({2, 3, 2, 2});
  TrainingState state;
  state.model = {{"last", counted.contiguous(at::MemoryFormat::ChannelsLast)}, {"turned", counted[0][0].t()}};
  TrainingState copy;
  take_snapshot(state, copy);
  for (size_t i = 0; i < 2; ++i) {
    CHECK(copy.model[i].second.is_contiguous());
    CHECK(at::equal(copy.model[i].second, state.model[i].second));
  }
}

TEST_CASE("the next snapshot takes the memory of the last one where shape and type fit") {
  auto state = state_of(1);
  TrainingState copy;
  take_snapshot(state, copy);
  const void* const weight = memory(copy, 0);
  state = state_of(2);
  take_snapshot(state, copy);
  CHECK(memory(copy, 0) == weight);
  check_state(copy, 2);
  state.model[0].second = at::full({3, 2}, 2.0);
  state.model[1].second = at::full({}, 2, at::kFloat);
  take_snapshot(state, copy);
  CHECK(copy.model[0].second.sizes() == at::IntArrayRef({3, 2}));
  CHECK(copy.model[1].second.scalar_type() == at::kFloat);
  state.model.pop_back();
  take_snapshot(state, copy);
  CHECK(copy.model.size() == 1);
}
