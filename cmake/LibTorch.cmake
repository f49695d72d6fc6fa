# LibTorch as imported targets, without the CUDA search that TorchConfig.cmake insists on:
#   hpcai::torch          torch_cpu + c10, all that the program itself links
#   hpcai::torch_cuda     torch_cuda + c10_cuda, only for libhpcai_cuda.so
#   hpcai::torch_headers  its headers, for what needs no library, such as its version
# Looked for in TORCH_DIR (a folder with include/ and lib/), .deps/, CMAKE_PREFIX_PATH, then in python3's torch package.

set(TORCH_DIR "$ENV{TORCH_DIR}" CACHE PATH "Folder of LibTorch, with include/ and lib/")
if(NOT TORCH_DIR AND EXISTS ${PROJECT_SOURCE_DIR}/.deps/torch-2.11.0/torch/lib)
  set(torch_root ${PROJECT_SOURCE_DIR}/.deps/torch-2.11.0/torch)
elseif(TORCH_DIR)
  set(torch_root ${TORCH_DIR})
else()
  find_path(torch_include ATen/ATen.h PATH_SUFFIXES include NO_CACHE)
  if(torch_include)
    cmake_path(GET torch_include PARENT_PATH torch_root)
  else()
    execute_process(COMMAND python3 -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
                    OUTPUT_VARIABLE torch_root OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
if(NOT EXISTS "${torch_root}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "LibTorch was not found (looked in '${torch_root}'). Run scripts/setup.sh, or set TORCH_DIR "
                      "to a folder that holds include/ and lib/ of LibTorch 2.11.")
endif()
message(STATUS "LibTorch: ${torch_root}")
set(HPCAI_TORCH_ROOT ${torch_root})

add_library(hpcai::torch_headers INTERFACE IMPORTED)
target_include_directories(hpcai::torch_headers SYSTEM INTERFACE ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
# LibTorch carries fmt headers of its own, newer than the system's libfmt and not in its libraries: link hpcai_fmt as well.
add_library(hpcai::torch INTERFACE IMPORTED)
# A LibTorch within the source folder is found from the place of the program, so that the program holds no path of this machine.
cmake_path(IS_PREFIX PROJECT_SOURCE_DIR ${torch_root} NORMALIZE torch_is_inside)
if(torch_is_inside)
  cmake_path(RELATIVE_PATH torch_root BASE_DIRECTORY ${PROJECT_BINARY_DIR}/bin OUTPUT_VARIABLE torch_from_program)
  set(CMAKE_BUILD_RPATH "$ORIGIN/${torch_from_program}/lib")
else()
  set(CMAKE_BUILD_RPATH ${torch_root}/lib)
endif()
target_link_options(hpcai::torch INTERFACE -L${torch_root}/lib)
target_link_libraries(hpcai::torch INTERFACE hpcai::torch_headers -ltorch_cpu -lc10)
target_compile_definitions(hpcai::torch INTERFACE USE_DISTRIBUTED USE_C10D_GLOO)

add_library(hpcai::torch_cuda INTERFACE IMPORTED)
target_link_libraries(hpcai::torch_cuda INTERFACE hpcai::torch -Wl,--no-as-needed -ltorch_cuda -lc10_cuda
                      -Wl,--as-needed)
target_compile_definitions(hpcai::torch_cuda INTERFACE USE_C10D_NCCL)
