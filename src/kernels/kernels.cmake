# The kernel sources, once for each (instruction set, real type). -ffp-contract=fast: without it gcc emits no FMA under
# -std=c11. The reference is built without contraction and at the compiler's default instruction set.
file(GLOB vector_sources CONFIGURE_DEPENDS src/kernels/vector/*.c)
file(GLOB reference_sources CONFIGURE_DEPENDS src/kernels/reference/*.c)

set(kernel_objects)
function(imgrad_kernels isa id bytes flags sources)
  foreach(real_size 4 8)
    set(name kernels_${isa}_${real_size})
    add_library(${name} OBJECT ${sources} src/kernels/table.c)
    target_compile_definitions(${name} PRIVATE IG__ISA_SUFFIX=${isa} IG__ISA_ID=${id} IG__VECTOR_BYTES=${bytes}
                               IG__REAL_SIZE=${real_size})
    target_compile_options(${name} PRIVATE -fvisibility=hidden -Wno-psabi ${flags})
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    list(APPEND kernel_objects $<TARGET_OBJECTS:${name}>)
  endforeach()
  set(kernel_objects ${kernel_objects} PARENT_SCOPE)
endfunction()

set(fast -O2 -ffp-contract=fast)
imgrad_kernels(reference IG__ISA_REFERENCE 16 "-ffp-contract=off" "${reference_sources}")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64|ARM64")
  # gcc's first scheduler draws all of a tile's loads together, and then has no registers for them.
  if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    list(APPEND fast -fno-schedule-insns)
  endif()
  imgrad_kernels(neon IG__ISA_NEON 16 "${fast}" "${vector_sources}")
else()
  imgrad_kernels(baseline IG__ISA_BASELINE 16 "${fast}" "${vector_sources}")
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  imgrad_kernels(avx2 IG__ISA_AVX2 32 "${fast};-mavx2;-mfma" "${vector_sources}")
  imgrad_kernels(avx512 IG__ISA_AVX512 64 "${fast};-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mfma;-mprefer-vector-width=512"
                 "${vector_sources}")
endif()

add_library(ig_kernels OBJECT src/kernels/dispatch.c)
target_compile_options(ig_kernels PRIVATE -ffp-contract=off -fvisibility=hidden)
set_target_properties(ig_kernels PROPERTIES POSITION_INDEPENDENT_CODE ON)
