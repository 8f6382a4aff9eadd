# Compiles through ccache where it is installed; it takes precompiled headers when asked to. What a
# source includes it learns from the compiler: to find out by itself it would preprocess all of it a
# second time.
find_program(FERRULE_CCACHE ccache)
if(FERRULE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_DEPEND=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${FERRULE_CCACHE})
endif()
