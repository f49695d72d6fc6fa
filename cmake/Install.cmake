# cmake --install build --prefix DIR [--component NAME]
#   program   bin/hpcai-train, libexec/hpcai-train, every library that they need but the C and C++ run time in lib/hpcai-train/, and in
#             share/ configs, batch scripts, documentation, manual page and completions. The folder can be moved and copied.
#   library   headers, static libraries and hpcaiConfig.cmake, for find_package(hpcai) on this machine
set(hpcai_private lib/hpcai-train)

# DT_RPATH, which the dynamic loader also uses for the libraries of libraries.
set_target_properties(hpcai_start hpcai_whole_program PROPERTIES INSTALL_RPATH "$ORIGIN/../${hpcai_private}")
target_link_options(hpcai_start PRIVATE LINKER:--disable-new-dtags)
target_link_options(hpcai_whole_program PRIVATE LINKER:--disable-new-dtags)
install(TARGETS hpcai_start RUNTIME_DEPENDENCY_SET hpcai_libraries RUNTIME DESTINATION bin COMPONENT program)
install(TARGETS hpcai_whole_program RUNTIME_DEPENDENCY_SET hpcai_libraries RUNTIME DESTINATION libexec COMPONENT program)
if(TARGET hpcai_cuda)
  set_target_properties(hpcai_cuda PROPERTIES INSTALL_RPATH "$ORIGIN")
  install(TARGETS hpcai_cuda RUNTIME_DEPENDENCY_SET hpcai_cuda_libraries LIBRARY DESTINATION ${hpcai_private} COMPONENT cuda EXCLUDE_FROM_ALL)
  install(RUNTIME_DEPENDENCY_SET hpcai_cuda_libraries PRE_EXCLUDE_REGEXES "^(libc|libm|libdl|libpthread|librt|libutil|libresolv|libgcc_s|libstdc\\+\\+|ld-linux.*|libcuda|libnvidia-ml)\\.so"
          LIBRARY DESTINATION ${hpcai_private} COMPONENT cuda EXCLUDE_FROM_ALL)
endif()
install(RUNTIME_DEPENDENCY_SET hpcai_libraries
        PRE_EXCLUDE_REGEXES "^(libc|libm|libdl|libpthread|librt|libutil|libresolv|libgcc_s|libstdc\\+\\+|ld-linux.*)\\.so"
        LIBRARY DESTINATION ${hpcai_private} COMPONENT program)
install(DIRECTORY configs DESTINATION share/hpcai-train COMPONENT program)
install(DIRECTORY scripts/slurm scripts/kubernetes DESTINATION share/hpcai-train/scripts COMPONENT program USE_SOURCE_PERMISSIONS)
install(FILES LICENSE DESTINATION share/doc/hpcai-train RENAME copyright COMPONENT program)  # the name that Debian wants
install(FILES README.md LICENSE CHANGELOG.md CITATION.cff DESTINATION share/doc/hpcai-train COMPONENT program)
install(DIRECTORY docs DESTINATION share/doc/hpcai-train COMPONENT program)

# The program writes its manual page and completions. bash, fish and man find them there from the folder in PATH or below /usr. Debian's zsh
# looks into vendor-completions, others into site-functions.
set(hpcai_texts ${PROJECT_BINARY_DIR}/texts)
install(CODE "
  file(MAKE_DIRECTORY \"${hpcai_texts}\")
  foreach(words man \"completion;bash\" \"completion;zsh\" \"completion;fish\")
    list(GET words -1 name)
    execute_process(COMMAND \"${PROJECT_BINARY_DIR}/bin/hpcai-train\" \${words} OUTPUT_FILE \"${hpcai_texts}/\${name}\" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  execute_process(COMMAND gzip -9nf \"${hpcai_texts}/man\" COMMAND_ERROR_IS_FATAL ANY)" COMPONENT program)
install(FILES ${hpcai_texts}/man.gz DESTINATION share/man/man1 RENAME hpcai-train.1.gz COMPONENT program)  # as Debian wants it
install(FILES ${hpcai_texts}/bash DESTINATION share/bash-completion/completions RENAME hpcai-train COMPONENT program)
install(FILES ${hpcai_texts}/fish DESTINATION share/fish/vendor_completions.d RENAME hpcai-train.fish COMPONENT program)
foreach(folder site-functions vendor-completions)
  install(FILES ${hpcai_texts}/zsh DESTINATION share/zsh/${folder} RENAME _hpcai-train COMPONENT program)
endforeach()

install(CODE "set(TORCH_ROOT \"${HPCAI_TORCH_ROOT}\")" COMPONENT program)
install(SCRIPT cmake/Licences.cmake COMPONENT program)

# For other CMake projects: hpcai::trainer and what it depends on.
set(hpcai_exported fmt core config draw simulate data kernels models optim distributed_light distributed checkpoint metrics tasks inference
                   runs_light runs trainer jobs scaling search)
foreach(name ${hpcai_exported})
  set_target_properties(hpcai_${name} PROPERTIES EXPORT_NAME ${name})
  list(APPEND hpcai_targets hpcai_${name})
endforeach()
install(TARGETS ${hpcai_targets} hpcai_hdf5 hpcai_cfitsio hpcai_nanoflann EXPORT hpcai ARCHIVE DESTINATION ${hpcai_private} COMPONENT library)
install(EXPORT hpcai NAMESPACE hpcai:: FILE hpcaiTargets.cmake DESTINATION lib/cmake/hpcai COMPONENT library)
install(DIRECTORY lib/hpcai ${PROJECT_BINARY_DIR}/generated/hpcai DESTINATION include COMPONENT library
        FILES_MATCHING PATTERN "*.h" PATTERN "cuda" EXCLUDE)
include(CMakePackageConfigHelpers)
configure_file(cmake/hpcaiConfig.cmake.in ${PROJECT_BINARY_DIR}/hpcaiConfig.cmake @ONLY)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hpcaiConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hpcaiConfig.cmake ${PROJECT_BINARY_DIR}/hpcaiConfigVersion.cmake cmake/LibTorch.cmake
        DESTINATION lib/cmake/hpcai COMPONENT library)

# cpack --config build/CPackConfig.cmake -G "DEB;TGZ"
set(CPACK_PACKAGE_CONTACT "the hpcai-train authors")
set(CPACK_PACKAGE_VENDOR "hpcai-train")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Galaxy classification, gravitational waves and networks of your own, from one YAML file.\nThe package holds the program for CPUs with LibTorch and all other libraries.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_COMPONENTS_ALL program)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_SOURCE_DIR}/dist)
set(CPACK_SYSTEM_NAME linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/Package.cmake)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= 2.36), libstdc++6 (>= 12)")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
include(CPack)
