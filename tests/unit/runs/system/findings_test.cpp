#include "hpcai/runs/system/findings.h"

#include <catch2/catch.hpp>

#include "hpcai/runs/system/libraries.h"
#include "hpcai/runs/system/report.h"

using namespace hpcai::runs;

namespace {

// A node with two GPUs on which everything fits.
SystemFacts good_node() {
  SystemFacts facts;
  facts.architecture = "x86_64";
  facts.instruction_sets = {"avx", "fma", "avx2"};
  facts.cores = {.machine = 16, .mask = 8};
  facts.shared_memory_bytes = 8e9;
  facts.folder = "/scratch/me";
  facts.file_system = "lustre";
  facts.locks = Locks::advisory;
  facts.nccl_of_libtorch = Part{"/opt/libnccl.so.2", "2.28.9"};
  facts.cuda_runtime = Part{"/opt/libcudart.so.13", "13.0"};
  facts.cuda_toolkit = Part{"/usr/local/cuda/bin/nvcc", "13.1"};
  facts.driver = "580.95.05";
  facts.gpus = {"NVIDIA H200", "NVIDIA H200"};
  facts.gpu_part = true;
  return facts;
}

// The only finding, which must be about this.
Finding only(const SystemFacts& facts, const std::string& about) {
  const auto findings = find_misfits(facts);
  REQUIRE(findings.size() == 1);
  CHECK(findings.front().about == about);
  CHECK(findings.front().remedy.size() > 10);
  return findings.front();
}

bool says(const Finding& finding, const std::string& words) {
  UNSCOPED_INFO(finding.problem << '\n' << finding.remedy);
  return (finding.problem + " " + finding.remedy).find(words) != std::string::npos;
}

SystemFacts with(const std::map<std::string, std::string>& variables) {
  SystemFacts facts = good_node();
  facts.variables = variables;
  return facts;
}

}  // namespace

TEST_CASE("nothing is found where everything fits, or where nothing is known") {
  CHECK(find_misfits(good_node()).empty());
  CHECK(find_misfits({}).empty());
  CHECK(find_misfits(
            with({{"OMP_NUM_THREADS", "8,2"}, {"MKL_NUM_THREADS", "8"}, {"OMP_PROC_BIND", "true"}, {"OMP_PLACES", "cores"}}))
            .empty());
  CHECK(to_text(good_node(), {}).ends_with("Everything fits together.\n"));
}

TEST_CASE("versions are compared by their numbers") {
  CHECK(is_older("525.60.13", "525.105.17"));
  CHECK(is_older("9.2", "10.0"));
  CHECK(is_older("12", "12.1"));
  CHECK(!is_older("580.65.06", "580"));
  CHECK(!is_older("580", "580"));
}

TEST_CASE("a driver older than the CUDA runtime needs") {
  SystemFacts facts = good_node();
  facts.driver = "570.133.20";
  CHECK(says(only(facts, "driver"), "LibTorch's CUDA 13.0 needs, which is 580"));
  facts.cuda_runtime->version = "12.9";
  facts.cuda_toolkit->version = "12.4";
  CHECK(find_misfits(facts).empty());
  facts.driver = "515.48.07";
  CHECK(says(only(facts, "driver"), "525"));
  facts.driver = "";  // a login node without GPUs
  CHECK(find_misfits(facts).empty());
}

TEST_CASE("a toolkit of another CUDA than LibTorch's") {
  SystemFacts facts = good_node();
  facts.cuda_toolkit->version = "12.4";
  CHECK(says(only(facts, "toolkit"), "12.4 (/usr/local/cuda/bin/nvcc)"));
}

TEST_CASE("GPUs that the program cannot use") {
  SystemFacts facts = good_node();
  facts.gpu_part = false;
  CHECK(says(only(facts, "gpu_part"), "there are 2 GPUs, but libhpcai_cuda.so is not there"));
}

TEST_CASE("another NCCL in LD_LIBRARY_PATH") {
  SystemFacts facts = good_node();
  facts.nccl_of_system = Part{"/usr/lib/libnccl.so.2", "2.18.3"};  // LibTorch finds its own first
  CHECK(find_misfits(facts).empty());
  facts.nccl_of_path = Part{"/apps/nccl/lib/libnccl.so.2", "2.18.3"};
  CHECK(says(only(facts, "nccl"), "NCCL 2.18.3 (/apps/nccl/lib/libnccl.so.2), but LibTorch brings 2.28.9"));
  facts.nccl_of_path->version = "2.28.9";
  CHECK(find_misfits(facts).empty());
}

TEST_CASE("a processor without AVX2") {
  SystemFacts facts = good_node();
  facts.instruction_sets = {"sse4_2", "avx"};
  CHECK(says(only(facts, "instruction_sets"), "-cpu host"));
  facts.architecture = "aarch64";
  facts.instruction_sets = {"asimd"};
  CHECK(find_misfits(facts).empty());
}

TEST_CASE("too little shared memory for the GPUs of one host") {
  SystemFacts facts = good_node();
  facts.shared_memory_bytes = 67108864;
  CHECK(says(only(facts, "shared_memory"), "/dev/shm has 67 MB"));
  facts.gpus.pop_back();  // one GPU exchanges nothing
  CHECK(find_misfits(facts).empty());
}

TEST_CASE("variables of OpenMP that contradict each other or the machine") {
  CHECK(says(only(with({{"OMP_NUM_THREADS", "16"}}), "openmp"), "asks for 16 threads, but this process may use 8 cores"));
  CHECK(says(only(with({{"OMP_NUM_THREADS", "many"}}), "openmp"), "\"many\""));
  CHECK(says(only(with({{"OMP_NUM_THREADS", "0"}}), "openmp"), "ignored"));
  CHECK(says(only(with({{"OMP_NUM_THREADS", "4"}, {"OMP_THREAD_LIMIT", "2"}}), "openmp"), "Unset OMP_THREAD_LIMIT"));
  CHECK(says(only(with({{"OMP_NUM_THREADS", "4"}, {"MKL_NUM_THREADS", "1"}}), "openmp"),
             "MKL_NUM_THREADS=1 contradicts OMP_NUM_THREADS=4"));
  CHECK(says(only(with({{"OMP_PROC_BIND", "FALSE"}, {"OMP_PLACES", "cores"}}), "openmp"), "contradicts OMP_PLACES"));
  CHECK(says(only(with({{"OMP_PROC_BIND", "false"}, {"GOMP_CPU_AFFINITY", "0-3"}}), "openmp"), "contradicts GOMP_CPU_AFFINITY"));
  CHECK(says(only(with({{"OMP_WAIT_POLICY", "PASSIVE"}, {"GOMP_SPINCOUNT", "1000"}}), "openmp"),
             "GOMP_SPINCOUNT=1000, which wins"));
  CHECK(find_misfits(with({{"OMP_NUM_THREADS", "16"}, {"MKL_NUM_THREADS", "1"}, {"OMP_THREAD_LIMIT", "3"}})).size() == 3);
}

TEST_CASE("a file system without locks") {
  SystemFacts facts = good_node();
  facts.locks = Locks::none;
  CHECK(says(only(facts, "locks"), "/scratch/me has no locks (lustre)"));
  facts.locks = Locks::not_known;
  CHECK(find_misfits(facts).empty());
}

TEST_CASE("numbers of versions of NCCL and CUDA") {
  CHECK(nccl_version_text(22809) == "2.28.9");
  CHECK(nccl_version_text(2803) == "2.8.3");
  CHECK(nccl_version_text(0).empty());
  CHECK(cuda_version_text(13000) == "13.0");
  CHECK(cuda_version_text(12040) == "12.4");
  CHECK(cuda_version_text(0).empty());
}

TEST_CASE("the reports tell facts and findings, and what is not there") {
  SystemFacts facts = good_node();
  facts.mpi = Part{"/usr/bin/mpirun", "4.1.4"};
  facts.locks = Locks::none;
  const auto findings = find_misfits(facts);
  const auto json = to_json(facts, findings);
  CHECK(json.at("mpirun").at("version") == "4.1.4");
  CHECK(json.at("slurm").is_null());
  CHECK(json.at("locks") == false);
  CHECK(json.at("findings").size() == 1);
  CHECK(json.at("findings").at(0).at("problem") == findings.front().problem);
  const std::string text = to_text(facts, findings);
  CAPTURE(text);
  CHECK(text.find("4.1.4 (/usr/bin/mpirun)") != std::string::npos);
  CHECK(text.find("NVIDIA H200, NVIDIA H200") != std::string::npos);
  CHECK(text.find("- " + findings.front().problem + "\n  " + findings.front().remedy + "\n") != std::string::npos);
}

TEST_CASE("what is not known is not told as 0") {
  const auto json = to_json({}, {});
  CHECK(json["memory_bytes"].is_null());
  CHECK(json["available_memory_bytes"].is_null());
  CHECK(to_text({}, {}).find("unknown, unknown available") != std::string::npos);
}
