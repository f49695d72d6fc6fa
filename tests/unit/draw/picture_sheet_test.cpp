#include "hpcai/draw/picture_sheet.h"

#include <catch2/catch.hpp>

#include "canvas_checks.h"
#include "hpcai/core/error.h"

using namespace hpcai;
using namespace hpcai::draw;

TEST_CASE("a sheet of pictures holds every picture and caption in its canvas, and cuts off what is too long") {
  std::vector<PictureCell> cells;
  for (int i = 0; i < 5; ++i) {
    cells.push_back({{"png", "png"}, {std::to_string(i), i == 2 ? std::string(300, 'm') : "spiral 0.98"}});
  }
  const Canvas canvas = draw_picture_sheet(cells, 3, 120, 80, "where the evidence lies");
  check_layout(canvas);
  const std::string svg = canvas.svg();
  check_well_formed(svg);
  CHECK(occurrences_of("<image ", svg) == 10);
  CHECK(occurrences_of("base64,cG5n\"", svg) == 10);
  CHECK(says(canvas, "4"));
  CHECK(svg.find("mmm...") != std::string::npos);
  CHECK_THROWS_AS(draw_picture_sheet({}, 3, 120, 80, "t"), Error);
  CHECK_THROWS_AS(draw_picture_sheet(cells, 0, 120, 80, "t"), Error);
}
