# Runs at the end of `cmake --install` for the program: copies the licence texts of the libraries that are installed, and of those that the
# program contains, to share/doc/hpcai-train/licences/. They come from Debian's packages and from LibTorch's wheels; where a library was
# taken from elsewhere (conda, a cluster's modules), its text is with its source.
# Needs TORCH_ROOT, LibTorch's folder.
set(root "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
set(licences "${root}/share/doc/hpcai-train/licences")

# Copies the text of an installed Debian package, if it is one.
function(copy_licence package)
  if(EXISTS /usr/share/doc/${package}/copyright)
    file(COPY_FILE /usr/share/doc/${package}/copyright "${licences}/${package}")
  endif()
endfunction()

file(MAKE_DIRECTORY "${licences}")
find_program(dpkg dpkg)
if(dpkg)
  file(GLOB libraries RELATIVE "${root}/lib/hpcai-train" "${root}/lib/hpcai-train/*.so*")
  foreach(library ${libraries})
    execute_process(COMMAND ${dpkg} -S "*/${library}" OUTPUT_VARIABLE owners ERROR_QUIET)
    if(owners MATCHES "^([^:,]+)[:,]")
      copy_licence(${CMAKE_MATCH_1})
    endif()
  endforeach()
  # Compiled into the program.
  foreach(package libcli11-dev nlohmann-json3-dev libnanoflann-dev libgloo-dev)
    copy_licence(${package})
  endforeach()
endif()

# scripts/setup.sh puts the texts of the wheels beside LibTorch, pip leaves them in the wheels' folders.
file(GLOB wheels "${TORCH_ROOT}/../licences/*" "${TORCH_ROOT}/../torch-*.dist-info" "${TORCH_ROOT}/../nvidia_*.dist-info")
foreach(wheel ${wheels})
  get_filename_component(name "${wheel}" NAME)
  string(REPLACE ".dist-info" "" name "${name}")
  file(GLOB texts "${wheel}/LICENSE*" "${wheel}/NOTICE*" "${wheel}/License*" "${wheel}/licenses/*")
  foreach(text ${texts})
    get_filename_component(kind "${text}" NAME)
    if(NOT IS_DIRECTORY "${text}")
      file(COPY_FILE "${text}" "${licences}/${name}-${kind}")
    endif()
  endforeach()
endforeach()
file(GLOB of_torch "${licences}/torch-*")
if(NOT of_torch)
  message(WARNING "The licence text of LibTorch is not beside it. Before you pass the installation on, add it: "
                  "https://github.com/pytorch/pytorch/blob/v2.11.0/LICENSE and NOTICE.")
endif()
