#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "hpcai/runs/progress.h"

namespace hpcai::runs {
namespace {

constexpr int kMaxBar = 30;  // columns, including its brackets
constexpr int kMinBar = 8;

std::string out_of(int64_t done, int64_t total) {
  return total > 0 ? fmt::format("{}/{}", done, total) : fmt::format("{}", done);
}

std::string draw_bar(const ProgressState& state, int columns) {
  const int inner = columns - 2;
  const double share = std::clamp(static_cast<double>(state.step) / static_cast<double>(state.total_steps), 0.0, 1.0);
  const int filled = static_cast<int>(share * inner);
  std::string bar(static_cast<size_t>(inner), ' ');
  std::fill_n(bar.begin(), filled, '=');
  if (filled < inner) bar[filled] = '>';
  return '[' + bar + ']';
}

// A piece of the line. Those with the highest `rank` are omitted first if there is too little room.
struct Piece {
  std::string text;
  int rank;
  bool is_bar = false;
};

std::vector<Piece> pieces_of(const ProgressState& state) {
  std::vector<Piece> pieces;
  if (!state.task.empty()) pieces.push_back({state.task, 5});
  if (state.epoch > 0) pieces.push_back({"epoch " + out_of(state.epoch, state.epochs), 2});
  if (state.total_steps > 0) pieces.push_back({"", 4, true});
  pieces.push_back({out_of(state.step, state.total_steps), 0});
  if (state.loss) pieces.push_back({fmt::format("loss {:.4g}", *state.loss), 1});
  if (state.samples_per_second > 0) pieces.push_back({format_rate(state.samples_per_second) + " samples/s", 6});
  if (state.left_s) pieces.push_back({format_duration(*state.left_s) + " left", 3});
  return pieces;
}

// Returns the columns that the pieces need with the shortest bar.
int columns_of(const std::vector<Piece>& pieces) {
  int columns = 2 * (static_cast<int>(pieces.size()) - 1);
  for (const Piece& piece : pieces) columns += piece.is_bar ? kMinBar : static_cast<int>(piece.text.size());
  return columns;
}

}  // namespace

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return "?";
  const auto all = static_cast<int64_t>(seconds + 0.5);
  const int64_t days = all / 86400, hours = all / 3600 % 24, minutes = all / 60 % 60;
  if (days > 0) return fmt::format("{} d {:02}:{:02}", days, hours, minutes);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, all % 60);
  return fmt::format("{}:{:02}", minutes, all % 60);
}

std::string format_rate(double per_second) {
  const char* unit = "";
  if (per_second >= 999'500) {
    per_second /= 1e6;
    unit = "M";
  } else if (per_second >= 999.5) {
    per_second /= 1e3;
    unit = "k";
  }
  const int decimals = per_second < 9.995 ? 2 : per_second < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", per_second, decimals, unit);
}

std::string format_bar(const ProgressState& state, int width) {
  const int room = std::max(width - 1, 1);  // a line as wide as the terminal would wrap
  auto pieces = pieces_of(state);
  while (pieces.size() > 1 && columns_of(pieces) > room) {
    pieces.erase(std::max_element(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.rank < b.rank; }));
  }
  const int spare = room - columns_of(pieces);
  std::string line;
  for (const Piece& piece : pieces) {
    if (!line.empty()) line += "  ";
    line += piece.is_bar ? draw_bar(state, std::min(kMaxBar, kMinBar + spare)) : piece.text;
  }
  return line.substr(0, static_cast<size_t>(room));
}

std::string format_line(const ProgressState& state) {
  std::string line = state.task.empty() ? "" : state.task + ": ";
  if (state.epoch > 0) line += "epoch " + out_of(state.epoch, state.epochs) + ", ";
  line += "step " + out_of(state.step, state.total_steps);
  if (state.loss) line += fmt::format(", loss {:.4g}", *state.loss);
  if (state.samples_per_second > 0) line += ", " + format_rate(state.samples_per_second) + " samples/s";
  if (state.left_s) line += ", " + format_duration(*state.left_s) + " left";
  return line;
}

}  // namespace hpcai::runs
