#include "hpcai/draw/picture_sheet.h"

#include <catch2/catch.hpp>

#include "canvas_checks.h"

using namespace hpcai;
using namespace hpcai::draw;

namespace {

PictureSheet sheet_of(size_t pictures) {
  PictureSheet sheet{.title = "Mistakes", .subtitle = "of a test", .description = "images", .pictures = {}, .without = "None."};
  for (size_t i = 0; i < pictures; ++i) {
    sheet.pictures.push_back(
        {"foobar", 32, i % 2 ? 16 : 32, {"true: a & b", "0.99 <b>", std::string(60, 'x') + std::to_string(i)}});
  }
  return sheet;
}

}  // namespace

TEST_CASE("picture sheets are well-formed, inside their canvas, and hold every picture with its caption") {
  for (const size_t pictures : {1, 6, 7, 24}) {
    const Canvas canvas = draw_picture_sheet(sheet_of(pictures));
    check_layout(canvas);
    check_well_formed(canvas.svg());
    CHECK(occurrences_of("data:image/png;base64,Zm9vYmFy\"", canvas.svg()) == pictures);
    CHECK(says(canvas, "xxx" + std::to_string(pictures - 1)));
    CHECK_FALSE(says(canvas, "None."));
  }
}

TEST_CASE("a wide or high picture keeps its shape") {
  const std::string svg = draw_picture_sheet(sheet_of(2)).svg();
  CHECK(svg.find("width=\"210.0\" height=\"210.0\" preserveAspectRatio") != std::string::npos);
  CHECK(svg.find("width=\"105.0\" height=\"210.0\" preserveAspectRatio") != std::string::npos);
}

TEST_CASE("a file name that is too wide loses its folders first") {
  PictureSheet sheet = sheet_of(1);
  sheet.pictures[0].caption = {"images/of/one/survey/587722981742215240.jpg"};
  CHECK(says(draw_picture_sheet(sheet), "587722981742215240.jpg"));
  CHECK_FALSE(says(draw_picture_sheet(sheet), "survey"));
}

TEST_CASE("a sheet without pictures says why") {
  const Canvas canvas = draw_picture_sheet(sheet_of(0));
  check_layout(canvas);
  CHECK(says(canvas, "None."));
}
