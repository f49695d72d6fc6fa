#pragma once

#include <string>
#include <vector>

// Training on Kubernetes, as in scripts/kubernetes.
namespace hpcai::scaling {

// What runs the pods: a Job of Kubernetes with all ranks in one pod, a PyTorchJob (Kubeflow training operator 1) or a TrainJob
// (Kubeflow Trainer 2) with one pod for each rank.
enum class ManifestKind { job, pytorchjob, trainjob };

struct Manifest {
  std::string name;  // of the experiment; becomes a name that Kubernetes accepts
  ManifestKind kind = ManifestKind::job;
  int ranks = 1;
  bool gpus = false;  // one for each rank
  int cpus_per_rank = 1;
  double memory_per_rank = 0;  // bytes of the node's memory
  std::string image;
  std::string claim;    // name of the volume claim for data and runs, which is mounted at /work
  std::string config;   // content of the config file, without `base:`
  std::string run_dir;  // relative to /work
};

// Returns two YAML documents: a ConfigMap with the config, and the job.
std::string write_manifest(const Manifest& manifest);

// Returns the name in the form that Kubernetes wants: at most 50 lower case letters, digits and "-".
std::string kubernetes_name(const std::string& name);

// Whether Kubernetes accepts the name of a volume claim: lower case letters, digits, "-" and ".".
bool is_kubernetes_name(const std::string& name);

// Returns the bytes of a quantity of Kubernetes, "16Gi" or "500M". Throws Error{usage} for other text.
double parse_quantity(const std::string& text);

}  // namespace hpcai::scaling
