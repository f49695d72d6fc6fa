#include "hpcai/data/sources/simulated_votes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hpcai/core/random.h"

namespace hpcai::data {
namespace {

constexpr uint64_t kVoteEpoch = 1;  // apart from the stream that draws the galaxy

double chance_of_features(const simulate::Galaxy& galaxy) {
  if (galaxy.label == simulate::kElliptical) return 0.08;
  if (galaxy.lenticular) return 0.35;
  return galaxy.edge_on() ? 0.85 : 0.5 + 0.45 * galaxy.arms.strength;
}

double chance_of_edge_on(const simulate::Galaxy& galaxy) {
  if (galaxy.label == simulate::kElliptical) return 0.1;
  constexpr double kLimit = 75 * std::numbers::pi / 180, kWidth = 4 * std::numbers::pi / 180;
  return 0.02 + 0.96 / (1 + std::exp((kLimit - galaxy.disk.inclination) / kWidth));
}

double chance_of_arms(const simulate::Galaxy& galaxy) { return galaxy.arms.count == 0 ? 0.1 : 0.1 + 0.85 * galaxy.arms.strength; }

double chance_of_bar(const simulate::Galaxy& galaxy) {
  return galaxy.bar.flux[static_cast<size_t>(simulate::Band::r)] > 0 ? 0.7 : 0.08;
}

}  // namespace

const std::vector<VoteQuestion>& simulated_questions() {
  static const std::vector<VoteQuestion> questions = {
      {"smooth-or-featured",
       {"smooth-or-featured_smooth", "smooth-or-featured_featured-or-disk", "smooth-or-featured_artifact"},
       {},
       ""},
      {"disk-edge-on", {"disk-edge-on_yes", "disk-edge-on_no"}, {"smooth-or-featured_featured-or-disk"}, ""},
      {"has-spiral-arms", {"has-spiral-arms_yes", "has-spiral-arms_no"}, {"disk-edge-on_no"}, ""},
      {"bar", {"bar_yes", "bar_no"}, {"disk-edge-on_no"}, ""}};
  return questions;
}

std::vector<double> answer_chances(const simulate::Galaxy& galaxy) {
  constexpr double kArtifact = 0.02;
  const double features = chance_of_features(galaxy), edge_on = chance_of_edge_on(galaxy), arms = chance_of_arms(galaxy),
               bar = chance_of_bar(galaxy);
  return {1 - kArtifact - features, features, kArtifact, edge_on, 1 - edge_on, arms, 1 - arms, bar, 1 - bar};
}

std::vector<float> draw_votes(const simulate::Galaxy& galaxy, int64_t volunteers, uint64_t seed, uint64_t index) {
  const std::vector<VoteQuestion>& questions = simulated_questions();
  const std::vector<double> chances = answer_chances(galaxy);
  std::vector<float> votes(chances.size(), 0);
  Random random(seed, kVoteEpoch, index, Purpose::draw);
  for (int64_t volunteer = 0; volunteer < volunteers; ++volunteer) {
    std::vector<std::string> given;
    size_t first = 0;
    for (const VoteQuestion& question : questions) {
      const auto leads_here = [&](const std::string& answer) { return std::ranges::find(given, answer) != given.end(); };
      if (question.asked_after.empty() || std::ranges::any_of(question.asked_after, leads_here)) {
        size_t answer = 0;
        for (double left = random.uniform() - chances[first]; left >= 0 && answer + 1 < question.answers.size();) {
          left -= chances[first + ++answer];
        }
        votes[first + answer] += 1;
        given.push_back(question.answers[answer]);
      }
      first += question.answers.size();
    }
  }
  return votes;
}

}  // namespace hpcai::data
