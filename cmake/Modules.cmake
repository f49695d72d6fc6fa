# One static library for each folder of lib/hpcai, one test program for each folder of tests/unit.

# The LibTorch headers take a compiler 5 to 20 s. Many sources are compiled as one (HPCAI_UNITY, quickest for a whole build), or each
# alone (quickest after an edit). `pch`: with the shared precompiled header, which halves the time of a source with wide headers.
function(hpcai_compile_quickly target pch)
  if(HPCAI_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  endif()
  if(pch)
    target_precompile_headers(${target} REUSE_FROM hpcai_pch)
  endif()
endfunction()

# hpcai_module(NAME [TORCH] [PCH] [LITTLE] [DEPENDS module...] [LIBRARIES target...] [LIGHT source...]): all *.cpp of
# lib/hpcai/NAME. TORCH links LibTorch; PCH uses the shared precompiled header, which pays for single sources only where they include
# the wide LibTorch headers, and always for many compiled as one. LITTLE: the module computes next to nothing and is optimised
# little. LIGHT sources need no LibTorch: they become hpcai_NAME_light, of which bin/hpcai-train consists.
function(hpcai_module name)
  cmake_parse_arguments(ARG "TORCH;PCH;LITTLE" "" "DEPENDS;LIBRARIES;LIGHT" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/hpcai/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/cuda/")
  if(ARG_LIGHT)
    list(TRANSFORM ARG_LIGHT PREPEND ${PROJECT_SOURCE_DIR}/lib/hpcai/${name}/)
    list(REMOVE_ITEM sources ${ARG_LIGHT})
    add_library(hpcai_${name}_light STATIC ${ARG_LIGHT})
    target_link_libraries(hpcai_${name}_light PUBLIC hpcai_config)
    hpcai_compile_quickly(hpcai_${name}_light OFF)
    list(APPEND ARG_LIBRARIES hpcai_${name}_light)
  endif()
  if(NOT sources)
    list(TRANSFORM ARG_DEPENDS PREPEND hpcai_)
    add_library(hpcai_${name} INTERFACE)
    target_link_libraries(hpcai_${name} INTERFACE ${ARG_DEPENDS} ${ARG_LIBRARIES})
    return()
  endif()
  add_library(hpcai_${name} STATIC ${sources})
  target_include_directories(hpcai_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>
                             $<INSTALL_INTERFACE:include>)
  list(TRANSFORM ARG_DEPENDS PREPEND hpcai_)
  target_link_libraries(hpcai_${name} PUBLIC ${ARG_DEPENDS} ${ARG_LIBRARIES})
  if(ARG_TORCH)
    target_link_libraries(hpcai_${name} PUBLIC hpcai_fmt hpcai::torch)
  endif()
  if(ARG_TORCH AND HPCAI_UNITY)
    set(ARG_PCH ON)
  endif()
  hpcai_compile_quickly(hpcai_${name} ${ARG_PCH})
  if(ARG_LITTLE)
    hpcai_optimise_little(hpcai_${name})
  endif()
endfunction()

# With -O1 a source compiles in two thirds of the time. For tests, most of whose work is in the library, and for modules that only
# read, write and start things.
function(hpcai_optimise_little target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# hpcai_unit_tests(NAME): all *.cpp of tests/unit/NAME, linked with module NAME, one ctest entry for each source. One for each test
# case would spend most of its time on loading LibTorch.
# ALONE: each source by itself, for those that share names.
function(hpcai_unit_tests name)
  cmake_parse_arguments(ARG "ALONE" "" "" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE hpcai_${name} hpcai_test_main)
  get_target_property(libraries hpcai_${name} LINK_LIBRARIES)
  if("hpcai::torch" IN_LIST libraries)
    target_compile_options(test_${name} PRIVATE -include ${PROJECT_SOURCE_DIR}/tests/check.h)
  endif()
  hpcai_optimise_little(test_${name})
  if(NOT ARG_ALONE)
    hpcai_compile_quickly(test_${name} OFF)
  endif()
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  list(FILTER sources INCLUDE REGEX "_test\\.cpp$")
  foreach(source ${sources})
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/tests/unit/${name} OUTPUT_VARIABLE title)
    cmake_path(GET source STEM file)
    string(REGEX REPLACE "_test\\.cpp$" "" title ${title})
    add_test(NAME "unit.${name}: ${title}" COMMAND test_${name} -\# "[#${file}]" -w NoTests)
    set_tests_properties("unit.${name}: ${title}" PROPERTIES LABELS unit TIMEOUT 600)
  endforeach()
endfunction()
