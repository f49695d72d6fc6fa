# Writes OUT with the git commit of SOURCE, if it has changed. Run at each build, so that it is never stale.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR NOT commit)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#pragma once\nnamespace hpcai {\ninline constexpr const char* kCommit = \"${commit}\";\n}  // namespace hpcai\n")
