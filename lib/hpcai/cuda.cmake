# libhpcai_cuda.so: CUDA kernels and the NCCL group, loaded at run time only when a run asks for a GPU, so that one program
# serves machines with and without GPUs. HPCAI_CUDA: AUTO builds it where nvcc and LibTorch's CUDA part are there.

set(hpcai_cuda_missing "")
if(NOT HPCAI_CUDA STREQUAL OFF)
  include(CheckLanguage)
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX} AND EXISTS /usr/local/cuda/bin/nvcc)
    set(CMAKE_CUDA_COMPILER /usr/local/cuda/bin/nvcc)
  endif()
  check_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER)
    set(hpcai_cuda_missing "the CUDA compiler nvcc")
  elseif(NOT EXISTS ${HPCAI_TORCH_ROOT}/lib/libtorch_cuda.so)
    set(hpcai_cuda_missing "libtorch_cuda.so in ${HPCAI_TORCH_ROOT}/lib")
  else()
    # Not part of every CUDA toolkit.
    get_filename_component(hpcai_cuda_bin ${CMAKE_CUDA_COMPILER} DIRECTORY)
    find_path(HPCAI_NCCL_INCLUDE nccl.h HINTS ${hpcai_cuda_bin}/../include ${HPCAI_TORCH_ROOT}/../nvidia/nccl/include)
    if(NOT HPCAI_NCCL_INCLUDE)
      set(hpcai_cuda_missing "nccl.h (Debian and Ubuntu: libnccl-dev)")
    endif()
  endif()
  if(hpcai_cuda_missing AND HPCAI_CUDA STREQUAL ON)
    message(FATAL_ERROR "HPCAI_CUDA is ON, but ${hpcai_cuda_missing} was not found.")
  endif()
endif()
if(HPCAI_CUDA STREQUAL OFF OR hpcai_cuda_missing)
  if(hpcai_cuda_missing)
    message(STATUS "CUDA part: not built, without ${hpcai_cuda_missing}")
  endif()
  return()
endif()

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 75;80;90;100)  # T4, A100, H100 and H200, B200
endif()
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
message(STATUS "CUDA part: built with ${CMAKE_CUDA_COMPILER} for ${CMAKE_CUDA_ARCHITECTURES}")

file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/hpcai/*.cu ${PROJECT_SOURCE_DIR}/lib/hpcai/*.cpp)
list(FILTER cuda_sources INCLUDE REGEX "/cuda/")
add_library(hpcai_cuda MODULE ${cuda_sources})
target_include_directories(hpcai_cuda PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_BINARY_DIR}/generated ${HPCAI_NCCL_INCLUDE})
# CUDA libraries are found at run time through libtorch_cuda's own search path.
target_link_libraries(hpcai_cuda PRIVATE hpcai::torch_cuda CUDA::cudart -Wl,--unresolved-symbols=ignore-in-shared-libs)
string(REGEX MATCH "^[0-9]+" hpcai_least_capability "${CMAKE_CUDA_ARCHITECTURES}")  # none of "native" and "all"
target_compile_definitions(hpcai_cuda PRIVATE HPCAI_LEAST_CAPABILITY=${hpcai_least_capability}+0)
set_target_properties(hpcai_cuda PROPERTIES CUDA_STANDARD 17 CUDA_RUNTIME_LIBRARY Shared LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
