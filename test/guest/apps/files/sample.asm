; A flat binary: labels, data, macros, expressions.
bits 64
%macro twice 1
  %1
  %1
%endmacro
start:
  mov rax, [rel value]
  twice {add rax, 3}
  jmp start
value: dq start + 42, $ - start
times 4 db 0x90
