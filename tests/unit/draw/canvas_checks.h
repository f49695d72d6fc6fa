#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "hpcai/draw/svg.h"

// What holds for every drawing.
namespace hpcai::draw {

// Every element that is opened is closed in order, attributes are quoted, and no bare & or < stands in a text.
inline void check_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (size_t i = 0; i < xml.size(); ++i) {
    if (xml[i] == '&') REQUIRE(xml.find(';', i) < i + 7);
    if (xml[i] != '<') continue;
    const size_t end = xml.find('>', i);
    REQUIRE(end != std::string::npos);
    const std::string tag = xml.substr(i + 1, end - i - 1);
    CHECK(std::count(tag.begin(), tag.end(), '"') % 2 == 0);
    CHECK(tag.find('<') == std::string::npos);
    i = end;
    if (tag[0] == '?') continue;
    if (tag[0] == '/') {
      REQUIRE(!open.empty());
      CHECK(open.back() == tag.substr(1));
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  CHECK(open.empty());
}

inline void check_layout(const Canvas& canvas) {
  const auto& marks = canvas.marks();
  for (const Mark& mark : marks) {
    INFO("'" << mark.text << "' at " << mark.box.left << "," << mark.box.top << " to " << mark.box.right << ","
             << mark.box.bottom);
    CHECK(canvas.box().holds(mark.box));
  }
  for (size_t i = 0; i < marks.size(); ++i) {
    for (size_t j = i + 1; j < marks.size(); ++j) {
      const Mark &a = marks[i], &b = marks[j];
      if (a.text.empty() && b.text.empty()) continue;  // points may meet, bars touch
      INFO("'" << a.text << "' and '" << b.text << "'");
      CHECK_FALSE(a.box.overlaps(b.box));
    }
  }
  for (const Mark& legend : marks) {
    if (legend.role != Role::legend) continue;
    for (const Mark& point : marks) {
      if (point.role == Role::point || point.role == Role::bar) CHECK_FALSE(legend.box.overlaps(point.box));
    }
  }
}

// How often `what` stands in a document.
inline size_t occurrences_of(const std::string& what, const std::string& document) {
  size_t found = 0;
  for (size_t at = document.find(what); at != std::string::npos; at = document.find(what, at + 1)) ++found;
  return found;
}

// Whether some text on the canvas holds `text`.
inline bool says(const Canvas& canvas, const std::string& text) {
  return std::ranges::any_of(canvas.marks(), [&](const Mark& mark) { return mark.text.find(text) != std::string::npos; });
}

}  // namespace hpcai::draw
