#include "hpcai/trainer/broadcast_checkpoint.h"

#include "hpcai/core/json.h"

namespace hpcai::trainer {
namespace {

nlohmann::json shapes_of(const checkpoint::NamedTensors& tensors) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [name, tensor] : tensors) {
    list.push_back({{"name", name}, {"shape", tensor.sizes().vec()}, {"dtype", static_cast<int>(tensor.scalar_type())}});
  }
  return list;
}

// Broadcasts the tensors `mine` of rank `root` and returns them on all ranks, on the CPU. `shapes`: names, shapes and types of
// the tensors.
checkpoint::NamedTensors share(distributed::Group& group, int root, const checkpoint::NamedTensors& mine,
                               const nlohmann::json& shapes) {
  checkpoint::NamedTensors all;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const auto dtype = static_cast<at::ScalarType>(shapes[i]["dtype"].get<int>());
    const at::Tensor tensor = group.rank() == root ? mine[i].second.to(group.device()).contiguous()
                                                   : at::empty(shapes[i]["shape"].get<std::vector<int64_t>>(),
                                                               at::TensorOptions(dtype).device(group.device()));
    if (tensor.numel() > 0) group.broadcast(tensor, root);
    all.emplace_back(shapes[i]["name"].get<std::string>(), tensor.cpu());
  }
  return all;
}

}  // namespace

std::optional<checkpoint::Loaded> broadcast_checkpoint(distributed::Group& group, const std::optional<checkpoint::Loaded>& loaded,
                                                       int root) {
  if (group.size() == 1) return loaded;
  nlohmann::json header;
  if (loaded && group.rank() == root) {
    header = {{"step", loaded->step},
              {"path", loaded->path.string()},
              {"state", loaded->state.state},
              {"model", shapes_of(loaded->state.model)},
              {"optimizer", shapes_of(loaded->state.optimizer)}};
  }
  header = parse_json(group.broadcast(json_text(header), root));
  if (header.is_null()) return std::nullopt;
  checkpoint::Loaded result = loaded ? *loaded : checkpoint::Loaded{};
  result.step = header["step"];
  result.path = header["path"].get<std::string>();
  result.state.state = header["state"];
  result.state.model = share(group, root, result.state.model, header["model"]);
  result.state.optimizer = share(group, root, result.state.optimizer, header["optimizer"]);
  return result;
}

}  // namespace hpcai::trainer
