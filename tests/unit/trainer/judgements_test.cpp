#include "hpcai/trainer/judgements.h"

#include <catch2/catch.hpp>
#include <functional>

#include "hpcai/core/error.h"
#include "hpcai/trainer/experiment.h"
#include "metric_choice.h"

namespace hpcai::trainer {
namespace {

const data::SampleSpec kImages{{3, 64, 64}, {"spiral", "elliptical"}, {}};
const data::SampleSpec kWaveforms{{1, 400}, {}, {"q", "s1", "s2"}, simulate::TimeGrid{-300, 100, 1}};

Experiment galaxies() {
  Experiment experiment;
  experiment.data = data::SimulatedGalaxiesConfig{};
  experiment.model = models::XceptionConfig{};
  experiment.task = tasks::ClassificationConfig{};
  experiment.training.global_batch = 32;
  return experiment;
}

Experiment waveforms() {
  Experiment experiment;
  data::WaveformHdf5Config files;
  files.validation = "validation.h5";
  experiment.data = files;
  experiment.task = tasks::WaveformRegressionConfig{};
  return experiment;
}

Experiment densities() {
  Experiment experiment;
  experiment.data = data::SimulatedStrainConfig{};
  experiment.model = models::WaveformPosteriorConfig{.summary = 16};
  experiment.task = tasks::DensityConfig{};
  return experiment;
}

// One rule broken in an experiment that is good without it.
struct Row {
  const char* name;
  Experiment experiment;
  std::function<void(Experiment&)> spoil;
  int ranks;
  std::optional<DataFacts> data;
  Judgement::Kind kind;
  std::vector<const char*> says;  // in what or remedy
};

std::vector<Row> rows() {
  using enum Judgement::Kind;
  const DataFacts images{kImages, 320, 64}, series{kWaveforms, 320, 64};
  const auto target = [](const char* metric) {
    return [metric](Experiment& e) { e.evaluation.target_metric = metric_choice(metric); };
  };
  return {
      {"name", galaxies(), [](Experiment& e) { e.name = "../other"; }, 1, {}, problem, {"name is \"../other\"", "--run-dir"}},
      {"ranks",
       galaxies(),
       [](Experiment& e) { e.training.global_batch = 640; },
       640,
       images,
       problem,
       {"640 ranks are more than the 320 training samples", "at most 320 ranks"}},
      {"share",
       galaxies(),
       [](Experiment& e) { e.training.accumulation = 3; },
       4,
       {},
       problem,
       {"32 cannot be shared by 4 ranks with training.accumulation 3", "24 or 36"}},
      {"small share",
       galaxies(),
       [](Experiment& e) { e.training.global_batch = 2; },
       4,
       {},
       problem,
       {"2 cannot be shared by 4 ranks", "multiple of 4, such as 4."}},
      {"shards of a batch",
       galaxies(),
       [](Experiment& e) { e.distributed.deterministic_shards = 5; },
       1,
       {},
       problem,
       {"training.global_batch 32 cannot be cut into 5 deterministic shards", "a divisor of 32"}},
      {"shards of ranks",
       galaxies(),
       [](Experiment& e) { e.distributed.deterministic_shards = 2; },
       4,
       {},
       problem,
       {"distributed.deterministic_shards 2 cannot be shared by 4 ranks", "divides 2", "multiple of 4"}},
      {"shards and accumulation",
       galaxies(),
       [](Experiment& e) { e.distributed.deterministic_shards = e.training.accumulation = 4; },
       2,
       {},
       problem,
       {"training.accumulation 4 and distributed.deterministic_shards 4 both", "training.accumulation to 1"}},
      {"shards and synchronised batch norm",
       galaxies(),
       [](Experiment& e) {
    e.distributed.deterministic_shards = 4;
    std::get<models::XceptionConfig>(e.model).batch_norm = models::BatchNormMode::synchronised;
       },
       2,
       {},
       problem,
       {"model.batch_norm: synchronised needs all samples", "model.batch_norm to local"}},
      {"shards and narrow gradients",
       galaxies(),
       [](Experiment& e) {
    e.distributed.deterministic_shards = 4;
    e.distributed.wire_precision = distributed::WirePrecision::bf16;
       },
       2,
       {},
       problem,
       {"distributed.wire_precision rounds the sums", "wire_precision to same"}},
      {"shards and compression",
       galaxies(),
       [](Experiment& e) {
    e.distributed.deterministic_shards = 4;
    e.distributed.compression = distributed::PowerSgdConfig{};
       },
       2,
       {},
       problem,
       {"distributed.compression changes the gradients", "compression.type to none"}},
      {"fp16 and compression",
       galaxies(),
       [](Experiment& e) {
    e.distributed.wire_precision = distributed::WirePrecision::fp16;
    e.distributed.compression = distributed::PowerSgdConfig{};
       },
       2,
       {},
       problem,
       {"with fp16 the scale of the gradients changes", "Use bf16 or fp32"}},
      {"small shards",
       galaxies(),
       [](Experiment& e) { e.distributed.deterministic_shards = 8; },
       1,
       {},
       warning,
       {"batch norm of 4 samples a shard", "fewer distributed.deterministic_shards"}},
      {"batch",
       galaxies(),
       [](Experiment& e) { e.training.global_batch = 640; },
       1,
       images,
       problem,
       {"training.global_batch 640 is larger than the 320 training samples"}},
      {"classes",
       galaxies(),
       [](Experiment& e) { e.task = tasks::WaveformRegressionConfig{}; },
       1,
       {},
       problem,
       {"waveform_mse needs data with the 3 targets q, s1, s2; these have 2 classes"}},
      {"waveforms",
       waveforms(),
       [](Experiment& e) { e.task = tasks::ClassificationConfig{}; },
       1,
       {},
       problem,
       {"cross_entropy needs data with at least 2 classes"}},
      {"views",
       waveforms(),
       [](Experiment& e) { e.evaluation.symmetric_views = true; },
       1,
       {},
       problem,
       {"evaluation.symmetric_views", "loss.type: waveform_mse"}},
      {"views twice",
       galaxies(),
       [](Experiment& e) {
    e.evaluation.symmetric_views = true;
    std::get<models::XceptionConfig>(e.model).symmetry = models::Symmetry::d4;
       },
       1,
       {},
       warning,
       {"evaluation.symmetric_views", "model.symmetry d4"}},
      {"cached features of trained layers",
       galaxies(),
       [](Experiment& e) {
    e.training.stages = {{.epochs = 1}, {.trainable_from = "40", .cache_features = true}};
       },
       1,
       {},
       problem,
       {"training.stages[1].cache_features", "its trainable_from is 40", "trainable_from to head"}},
      {"cached features of waveforms",
       waveforms(),
       [](Experiment& e) { e.training.stages = {{.trainable_from = "head", .cache_features = true}}; },
       1,
       {},
       problem,
       {"training.stages[0].cache_features needs a network of images", "model.type is wavenet"}},
      {"cached features of mixed images",
       galaxies(),
       [](Experiment& e) {
    e.task = tasks::ClassificationConfig{.mixup = 0.25};
    e.training.stages = {{.trainable_from = "head", .cache_features = true}};
       },
       1,
       {},
       problem,
       {"loss.mixup 0.25 mixes images", "loss.mixup to 0"}},
      {"cached features of two surveys",
       galaxies(),
       [](Experiment& e) {
    e.task = tasks::AdaptationConfig{};
    e.sources = {{SourceRole::unlabelled, data::SimulatedGalaxiesConfig{}, ""}};
    e.training.stages = {{.trainable_from = "head", .cache_features = true}};
       },
       1,
       {},
       problem,
       {"cache_features keeps the features of the training samples alone", "loss.type: adaptation needs unlabelled samples"}},
      {"class weights",
       galaxies(),
       [](Experiment& e) {
    e.task = tasks::ClassificationConfig{.class_weights = tasks::ClassWeighting::listed, .weights = {{"spiral", 2}}};
       },
       1,
       {},
       problem,
       {"loss.weights has no weight of the class 'elliptical'", "2 classes"}},
      {"stop",
       galaxies(),
       [](Experiment& e) { e.evaluation.stop_at_target = true; },
       1,
       {},
       problem,
       {"evaluation.stop_at_target needs a target", "evaluation.target_metric"}},
      {"accuracy of waveforms",
       waveforms(),
       target("accuracy"),
       1,
       {},
       problem,
       {"evaluation.target_metric accuracy is not measured", "Use loss, overlap_median, overlap_p05 or overlap_p01"}},
      {"overlap of images", galaxies(), target("overlap_median"), 1, {}, problem, {"overlap_median is not measured", "accuracy"}},
      {"overlap of no sample",
       waveforms(),
       [](Experiment& e) {
    e.evaluation.target_metric = metric_choice("overlap_median");
    e.evaluation.overlap_samples = 0;
       },
       1,
       {},
       problem,
       {"overlap_median is not measured", "evaluation.overlap_samples above 0"}},
      {"F1 of three classes",
       galaxies(),
       target("f1"),
       1,
       DataFacts{{{3, 8, 8}, {"a", "b", "c"}, {}}, 320, 64},
       problem,
       {"f1 is not measured in this experiment: it needs two classes", "Use loss or accuracy."}},
      {"target without validation",
       galaxies(),
       target("loss"),
       1,
       DataFacts{kImages, 320, 0},
       problem,
       {"evaluation.target_metric loss needs a validation split"}},
      {"plateau without validation",
       galaxies(),
       [](Experiment& e) { e.schedule = optim::PlateauConfig{}; },
       1,
       DataFacts{kImages, 320, 0},
       problem,
       {"plateau needs a validation split"}},
      {"target without validation in the config",
       galaxies(),
       [](Experiment& e) {
    std::get<data::SimulatedGalaxiesConfig>(e.data).validation = 0;
    e.evaluation.target_metric = metric_choice("loss");
       },
       1,
       {},
       problem,
       {"evaluation.target_metric loss needs a validation split"}},
      {"plateau without validation in the config",
       waveforms(),
       [](Experiment& e) {
    std::get<data::WaveformHdf5Config>(e.data).validation = "";
    e.schedule = optim::PlateauConfig{};
       },
       1,
       {},
       problem,
       {"plateau needs a validation split"}},
      {"early stop without validation",
       galaxies(),
       [](Experiment& e) {
    e.training.stages = {StageConfig{}, StageConfig{.early_stop_patience = 2}};
       },
       1,
       DataFacts{kImages, 320, 0},
       warning,
       {"early_stop_patience has no effect"}},
      {"summary",
       densities(),
       [](Experiment& e) { std::get<models::WaveformPosteriorConfig>(e.model).summary = 3; },
       1,
       {},
       problem,
       {"model.summary 3 differs from data.spectrum_values 16"}},
      {"summary without a place",
       densities(),
       [](Experiment& e) { e.model = models::BayesianRegressorConfig{}; },
       1,
       {},
       problem,
       {"model.type: bayesian_regressor would take numbers about the noise for samples", "data.spectrum_values to 0"}},
      {"density without its loss",
       waveforms(),
       [](Experiment& e) { e.model = models::BayesianRegressorConfig{}; },
       1,
       {},
       problem,
       {"model.type: bayesian_regressor is a density", "loss.type to density"}},
      {"flow without ranges",
       densities(),
       [](Experiment& e) { e.data = data::WaveformHdf5Config{}; },
       1,
       DataFacts{kWaveforms, 320, 64},
       problem,
       {"needs data whose targets have known ranges", "bayesian_regressor"}},
      {"horovod",
       galaxies(),
       [](Experiment& e) {
    optim::CosineConfig schedule;
    schedule.warmup_rule = optim::WarmupRule::horovod;
    e.schedule = schedule;
       },
       1,
       {},
       problem,
       {"optimizer.lr_scaling is none"}},
      {"two lengths",
       galaxies(),
       [](Experiment& e) {
    optim::CosineConfig schedule;
    schedule.warmup_steps = 3;
    schedule.warmup_epochs = 1;
    e.schedule = schedule;
       },
       1,
       {},
       problem,
       {"warmup_steps and warmup_epochs are both given"}},
      {"patience",
       galaxies(),
       [](Experiment& e) {
    e.schedule = optim::PlateauConfig{};
    e.evaluation.every_epochs = 3;
       },
       1,
       images,
       warning,
       {"with evaluation.every_epochs 3 its patience"}},
      {"idle ranks",
       galaxies(),
       [](Experiment& e) { e.training.global_batch = 320; },
       32,
       DataFacts{kImages, 320, 31},
       warning,
       {"31 validation samples for 32 ranks: 1 rank has nothing to do"}},
      {"dropped",
       galaxies(),
       [](Experiment& e) { e.training.global_batch = 200; },
       1,
       images,
       warning,
       {"120 of 320 training samples are dropped in every epoch"}},
      {"warm-up",
       galaxies(),
       [](Experiment& e) {
    optim::CosineConfig schedule;
    schedule.warmup_steps = 100;
    e.schedule = schedule;
       },
       1,
       images,
       warning,
       {"the warm-up of 100 steps is not over when training ends after 100"}},
      {"batch norm",
       galaxies(),
       [](Experiment& e) { e.training.accumulation = 2; },
       4,
       images,
       warning,
       {"batch norm of 4 samples a rank is noisy"}},
      {"milestone",
       galaxies(),
       [](Experiment& e) {
    optim::StepConfig schedule;
    schedule.milestones_epochs = {3, 10};
    e.schedule = schedule;
       },
       1,
       images,
       warning,
       {"schedule.milestones_epochs 10 is never reached in 10 epochs"}},
      };
}

}  // namespace

TEST_CASE("each rule about settings finds what breaks it, and nothing else") {
  for (const Row& row : rows()) {
    INFO(row.name);
    Experiment experiment = row.experiment;
    CHECK(judge(experiment, 1, row.data && row.data->validation_samples == 0 ? row.data : std::nullopt).empty());
    row.spoil(experiment);
    const auto found = judge(experiment, row.ranks, row.data);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == row.kind);
    for (const char* part : row.says) {
      INFO(text_of(found[0]));
      CHECK(text_of(found[0]).find(part) != std::string::npos);
    }
  }
}

TEST_CASE("only what depends on the number of ranks says so") {
  Experiment experiment = galaxies();
  experiment.training.global_batch = 30;
  experiment.evaluation.stop_at_target = true;
  const auto found = judge(experiment, 4);
  REQUIRE(found.size() == 2);
  CHECK(found[0].of_ranks);
  CHECK_FALSE(found[1].of_ranks);
}

TEST_CASE("shards are accepted on every number of ranks that divides them") {
  Experiment experiment = galaxies();
  experiment.distributed.deterministic_shards = 4;
  for (const int ranks : {1, 2, 4}) CHECK(judge(experiment, ranks).empty());
  CHECK(experiment.passes(2) == 2);
  CHECK(judge(experiment, 8).size() == 1);
}

TEST_CASE("all problems are told at once, and warnings are none") {
  Experiment experiment = galaxies();
  CHECK_NOTHROW(refuse_problems(judge(experiment, 1)));
  experiment.evaluation.stop_at_target = true;
  try {
    refuse_problems(judge(experiment, 1));
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK(std::string(error.what()) == "evaluation.stop_at_target needs a target");
    CHECK(error.remedy() == "Set evaluation.target_metric and evaluation.target_value.");
  }
  experiment.name = "a/b";
  try {
    refuse_problems(judge(experiment, 1));
    FAIL("accepted");
  } catch (const Error& error) {
    const std::string text = error.what();
    CHECK(text.find("name is \"a/b\"") != std::string::npos);
    CHECK(text.find("stop_at_target") != std::string::npos);
  }
  CHECK(warnings_of(judge(experiment, 1)).empty());
  experiment = galaxies();
  experiment.training.global_batch = 200;
  const auto warned = judge(experiment, 1, DataFacts{kImages, 320, 64});
  CHECK_NOTHROW(refuse_problems(warned));
  CHECK(warnings_of(warned).size() == 1);
}

TEST_CASE("names of runs may be odd, as long as they are names of folders") {
  Experiment experiment = galaxies();
  for (const char* name : {"", ".", "..", "../other", "/tmp/run", "a/b"}) {
    experiment.name = name;
    CAPTURE(name);
    CHECK(judge(experiment, 1).size() == 1);
  }
  experiment.name = "..a galaxy, 2nd try";
  CHECK(judge(experiment, 1).empty());
}

TEST_CASE("a time grid that is none is found without the data") {
  Experiment experiment = waveforms();
  std::get<data::WaveformHdf5Config>(experiment.data).t_min = 0;
  std::get<data::WaveformHdf5Config>(experiment.data).t_max = 0;
  CHECK(judge(experiment, 1).size() == 1);
}

}  // namespace hpcai::trainer
