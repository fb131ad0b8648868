/* The board `virt-rv64` has everything where `virt-rv32` has it. */
#include "../virt-rv32/board.h"
