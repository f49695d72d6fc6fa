#include "hpcai/scaling/plan/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hpcai/config/writer.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"

namespace hpcai::scaling {
namespace {

using config::Json;

constexpr int kGracePeriod_s = 120;  // for the checkpoint that SIGTERM brings

// Only a Job has several ranks in a pod.
int ranks_per_pod(const Manifest& manifest) { return manifest.kind == ManifestKind::job ? manifest.ranks : 1; }

Json metadata_of(const Manifest& manifest) {
  return {{"name", kubernetes_name(manifest.name)},
          {"labels", {{"app.kubernetes.io/name", "hpcai-train"}, {"app.kubernetes.io/version", kVersion}}}};
}

Json arguments_of(const Manifest& manifest) {
  Json arguments = {"--config", "/config/config.yaml", "--run-dir", "/work/" + manifest.run_dir, "--resume", "auto"};
  if (ranks_per_pod(manifest) > 1) arguments.insert(arguments.end(), {"--nproc", std::to_string(manifest.ranks)});
  return arguments;
}

Json resources_of(const Manifest& manifest) {
  const int ranks = ranks_per_pod(manifest);
  const double memory = std::ceil(manifest.memory_per_rank * ranks / (1 << 20));
  const Json resources = {{"cpu", std::to_string(manifest.cpus_per_rank * ranks)}, {"memory", fmt::format("{:.0f}Mi", memory)}};
  Json limits = resources;
  if (manifest.gpus) limits["nvidia.com/gpu"] = ranks;
  return {{"requests", resources}, {"limits", limits}};
}

Json mounts() {
  return Json::array({{{"name", "config"}, {"mountPath", "/config"}},
                      {{"name", "work"}, {"mountPath", "/work"}},
                      {{"name", "memory"}, {"mountPath", "/dev/shm"}}});
}

// Ranks of one host exchange gradients of GPUs through /dev/shm.
Json volumes_of(const Manifest& manifest) {
  return Json::array({{{"name", "config"}, {"configMap", {{"name", kubernetes_name(manifest.name)}}}},
                      {{"name", "work"}, {"persistentVolumeClaim", {{"claimName", manifest.claim}}}},
                      {{"name", "memory"}, {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", "1Gi"}}}}});
}

Json pod_of(const Manifest& manifest, const char* container) {
  const Json train = {{"name", container},
                      {"image", manifest.image},
                      {"args", arguments_of(manifest)},
                      {"resources", resources_of(manifest)},
                      {"volumeMounts", mounts()}};
  return {
      {"terminationGracePeriodSeconds", kGracePeriod_s}, {"containers", Json::array({train})}, {"volumes", volumes_of(manifest)}};
}

Json job_of(const Manifest& manifest) {
  Json pod = {{"restartPolicy", "OnFailure"}};
  pod.update(pod_of(manifest, "train"));
  return {{"apiVersion", "batch/v1"},
          {"kind", "Job"},
          {"metadata", metadata_of(manifest)},
          {"spec", {{"backoffLimit", 3}, {"template", {{"spec", pod}}}}}};
}

Json pytorchjob_of(const Manifest& manifest) {
  const auto replicas = [&](int count) -> Json {  // the operator wants this name of the container
    return {{"replicas", count}, {"restartPolicy", "OnFailure"}, {"template", {{"spec", pod_of(manifest, "pytorch")}}}};
  };
  Json specs = {{"Master", replicas(1)}};
  if (manifest.ranks > 1) specs["Worker"] = replicas(manifest.ranks - 1);
  return {{"apiVersion", "kubeflow.org/v1"},
          {"kind", "PyTorchJob"},
          {"metadata", metadata_of(manifest)},
          {"spec", {{"pytorchReplicaSpecs", specs}}}};
}

// The runtime torch-distributed has the pods; the patch adds the volumes to them.
Json trainjob_of(const Manifest& manifest) {
  const Json container = {{"name", "node"}, {"volumeMounts", mounts()}};
  const Json pod = {{"terminationGracePeriodSeconds", kGracePeriod_s},
                    {"containers", Json::array({container})},
                    {"volumes", volumes_of(manifest)}};
  const Json node = {{"name", "node"}, {"template", {{"spec", {{"template", {{"spec", pod}}}}}}}};
  const Json runtime = {{"template", {{"spec", {{"replicatedJobs", Json::array({node})}}}}}};
  const Json patch = {{"manager", "hpcai-train.plan/volumes"}, {"trainingRuntimeSpec", runtime}};
  return {{"apiVersion", "trainer.kubeflow.org/v1alpha1"},
          {"kind", "TrainJob"},
          {"metadata", metadata_of(manifest)},
          {"spec",
           {{"runtimeRef", {{"name", "torch-distributed"}}},
            {"trainer",
             {{"image", manifest.image},
              {"command", Json::array({"hpcai-train"})},
              {"args", arguments_of(manifest)},
              {"numNodes", manifest.ranks},
              {"numProcPerNode", 1},
              {"resourcesPerNode", resources_of(manifest)}}},
            {"runtimePatches", Json::array({patch})}}}};
}

// The config as a block of text, so that people can read and change it.
std::string config_map(const Manifest& manifest) {
  std::string text = config::write_yaml({{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", metadata_of(manifest)}}) +
                     "data:\n  config.yaml: |\n";
  for (const std::string_view line : split(trim(manifest.config), '\n')) text += fmt::format("    {}\n", line);
  return text;
}

}  // namespace

std::string write_manifest(const Manifest& manifest) {
  const Json job = manifest.kind == ManifestKind::job          ? job_of(manifest)
                   : manifest.kind == ManifestKind::pytorchjob ? pytorchjob_of(manifest)
                                                               : trainjob_of(manifest);
  return config_map(manifest) + "---\n" + config::write_yaml(job);
}

std::string kubernetes_name(const std::string& name) {
  std::string text;
  for (const char c : lower_case(name)) {
    const bool fits = is_digit(c) || (c >= 'a' && c <= 'z');
    if (fits || (!text.empty() && text.back() != '-')) text += fits ? c : '-';
  }
  if (!text.empty() && is_digit(text.front())) text.insert(0, "run-");
  text.resize(std::min(text.size(), size_t{50}));
  while (text.ends_with('-')) text.pop_back();
  return text.empty() ? "hpcai-train" : text;
}

bool is_kubernetes_name(const std::string& name) {
  const auto fits = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); };
  if (name.empty() || name.size() > 253 || !fits(name.front()) || !fits(name.back())) return false;
  return std::ranges::all_of(name, [&](char c) { return fits(c) || c == '-' || c == '.'; });
}

double parse_quantity(const std::string& text) {
  constexpr double kMost = 1e18;  // bytes; Kubernetes counts up to 2^63
  std::string_view rest = text;
  const auto number = take_number<double>(rest);
  const struct {
    std::string_view unit;
    double bytes;
  } units[] = {{"", 1},         {"k", 1e3},      {"M", 1e6},      {"G", 1e9},    {"T", 1e12},
               {"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"Ti", 0x1p40}};
  const auto* const unit = std::ranges::find(units, rest, &std::remove_reference_t<decltype(units[0])>::unit);
  if (!number || *number <= 0 || unit == std::end(units) || *number * unit->bytes > kMost) {
    throw Error(ExitCode::usage, fmt::format("--memory: \"{}\" is not an amount of memory", printable(text)),
                "Write it as Kubernetes does: 16Gi, 500M.");
  }
  return *number * unit->bytes;
}

}  // namespace hpcai::scaling
