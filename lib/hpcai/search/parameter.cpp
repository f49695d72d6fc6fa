#include "hpcai/search/parameter.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "hpcai/config/writer.h"
#include "hpcai/core/text.h"

namespace hpcai::search {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

const ParameterKind& kind_of(const Parameter& parameter) { return parameter; }

double rounded(double value, double low, double high) {
  const double short_value = parse_number<double>(fmt::format("{:.6g}", value)).value_or(value);
  return std::clamp(short_value, low, high);
}

double between_logs(double low, double high, double part) { return low * std::exp(part * std::log(high / low)); }

int exponent_of(int64_t power_of_two) { return std::countr_zero(static_cast<uint64_t>(power_of_two)); }

int64_t whole(double value, int64_t low, int64_t high) { return std::clamp(static_cast<int64_t>(value), low, high); }

// The number of whole numbers, or `points` if that is less.
int64_t whole_points(int64_t low, int64_t high, int64_t points) { return std::min(points, high - low + 1); }

double part_of_grid(int64_t index, int64_t points) {
  return points > 1 ? static_cast<double>(index) / static_cast<double>(points - 1) : 0;
}

}  // namespace

Values value_at(const Parameter& parameter, double part) {
  return std::visit(
      Overloaded{
          [&](const UniformParameter& p) -> Values { return rounded(p.low + part * (p.high - p.low), p.low, p.high); },
          [&](const LogUniformParameter& p) -> Values { return rounded(between_logs(p.low, p.high, part), p.low, p.high); },
          [&](const IntegerParameter& p) -> Values {
            return whole(std::floor(static_cast<double>(p.low) + part * static_cast<double>(p.high - p.low + 1)), p.low, p.high);
          },
          [&](const LogIntegerParameter& p) -> Values {
            return whole(std::floor(between_logs(static_cast<double>(p.low), static_cast<double>(p.high + 1), part)), p.low,
                         p.high);
          },
          [&](const PowerOfTwoParameter& p) -> Values {
            const int first = exponent_of(p.low), count = exponent_of(p.high) - first + 1;
            return int64_t{1} << (first + std::min(count - 1, static_cast<int>(part * count)));
          },
          [&](const ChoiceParameter& p) -> Values {
            const auto index = static_cast<size_t>(part * static_cast<double>(p.values.size()));
            return p.values.at(std::min(index, p.values.size() - 1));
          }},
      kind_of(parameter));
}

int64_t grid_points(const Parameter& parameter) {
  return std::visit(
      Overloaded{[](const UniformParameter& p) { return p.points; }, [](const LogUniformParameter& p) { return p.points; },
                 [](const IntegerParameter& p) { return whole_points(p.low, p.high, p.points); },
                 [](const LogIntegerParameter& p) { return whole_points(p.low, p.high, p.points); },
                 [](const PowerOfTwoParameter& p) -> int64_t { return exponent_of(p.high) - exponent_of(p.low) + 1; },
                 [](const ChoiceParameter& p) { return std::ssize(p.values); }},
      kind_of(parameter));
}

Values grid_value(const Parameter& parameter, int64_t index) {
  const double part = part_of_grid(index, grid_points(parameter));
  return std::visit(
      Overloaded{
          [&](const UniformParameter& p) -> Values { return rounded(p.low + part * (p.high - p.low), p.low, p.high); },
          [&](const LogUniformParameter& p) -> Values { return rounded(between_logs(p.low, p.high, part), p.low, p.high); },
          [&](const IntegerParameter& p) -> Values {
            return whole(std::round(static_cast<double>(p.low) + part * static_cast<double>(p.high - p.low)), p.low, p.high);
          },
          [&](const LogIntegerParameter& p) -> Values {
            return whole(std::round(between_logs(static_cast<double>(p.low), static_cast<double>(p.high), part)), p.low, p.high);
          },
          [&](const PowerOfTwoParameter& p) -> Values { return p.low << index; },
          [&](const ChoiceParameter& p) -> Values { return p.values.at(static_cast<size_t>(index)); }},
      kind_of(parameter));
}

bool allows(const Parameter& parameter, const Values& value) {
  if (const auto* choice = std::get_if<ChoiceParameter>(&kind_of(parameter)))
    return value.is_string() && std::ranges::count(choice->values, value.get<std::string>()) > 0;
  const bool right_type = is_whole(parameter) ? value.is_number_integer() : value.is_number();
  if (!right_type) return false;
  const auto ends = extremes(parameter);
  const double number = value.get<double>();
  if (!(number >= ends.front().get<double>() && number <= ends.back().get<double>())) return false;
  return !std::holds_alternative<PowerOfTwoParameter>(kind_of(parameter)) ||
         std::has_single_bit(static_cast<uint64_t>(value.get<int64_t>()));
}

std::string describe_range(const Parameter& parameter) {
  if (const auto* choice = std::get_if<ChoiceParameter>(&kind_of(parameter))) return join_words(choice->values, "or");
  const auto ends = extremes(parameter);
  const char* noun = is_whole(parameter) ? "a whole number" : "a number";
  if (std::holds_alternative<PowerOfTwoParameter>(kind_of(parameter))) noun = "a power of two";
  return fmt::format("{} from {} to {}", noun, config::write_flow(ends.front()), config::write_flow(ends.back()));
}

std::vector<Values> extremes(const Parameter& parameter) {
  return std::visit(Overloaded{[](const ChoiceParameter& p) { return std::vector<Values>(p.values.begin(), p.values.end()); },
                               [](const auto& p) {
    return std::vector<Values>{p.low, p.high};
                               }},
                    kind_of(parameter));
}

bool is_logarithmic(const Parameter& parameter) {
  const auto& kind = kind_of(parameter);
  return std::holds_alternative<LogUniformParameter>(kind) || std::holds_alternative<LogIntegerParameter>(kind) ||
         std::holds_alternative<PowerOfTwoParameter>(kind);
}

bool is_whole(const Parameter& parameter) {
  const auto& kind = kind_of(parameter);
  return std::holds_alternative<IntegerParameter>(kind) || std::holds_alternative<LogIntegerParameter>(kind) ||
         std::holds_alternative<PowerOfTwoParameter>(kind);
}

std::string setting_of(const std::string& key, const Values& value) {
  return key + "=" + (value.is_string() ? value.get<std::string>() : config::write_flow(value));
}

}  // namespace hpcai::search
